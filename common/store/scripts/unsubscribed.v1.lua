#!lua flags=allow-oom
-- include: clock campaign events
-- Somebody unsubscribed: told once, whatever has become of the campaign. One bit for each recipient
-- of a chunk and each way says that it was told.
-- KEYS: header, events, generation, active, bits
-- ARGV: run, id, bit, index, batch, position, why, life of the bits in s
local BITS = KEYS[5]
local run, id, number = ARGV[1], ARGV[2], tonumber(ARGV[3])
local place = digits(math.floor(number / 8))
local mask = bit.lshift(1, number % 8)
local known = string.byte(redis.call('GETRANGE', BITS, place, place)) or 0
if bit.band(known, mask) ~= 0 then
    return {'ok', 'known'}
end
redis.call('SETRANGE', BITS, place, string.char(bit.bor(known, mask)))
redis.call('EXPIRE', BITS, ARGV[8])
redis.call('XADD', EVENTS, next_place(run), 'v', '1u', 'c', id, 'i', ARGV[4], 'b', ARGV[5],
    'p', ARGV[6], 't', digits(NOW_MS), 'why', ARGV[7])
return {'ok', 'new'}
