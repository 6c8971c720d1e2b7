#!lua flags=allow-oom
-- include: clock campaign batch
-- HOLD: rows are handed over, before the write that can complete their messages.
-- KEYS: header, events, generation, active, h, r, b, due, claimed
-- ARGV: session, epoch, positions (u16 each)
-- The most frequent of all scripts: it reads and writes no more than it needs.
local session, epoch, packed = ARGV[1], ARGV[2], ARGV[3]
local campaign = redis.call('HMGET', HEADER, 'v', 'word', 'expires')
local batch = redis.call('HMGET', BATCH, 'v', 'n', 'x', 's', 'e')
if campaign[1] ~= FORMAT or batch[1] ~= FORMAT
    or not is_held({session = batch[4], epoch = batch[5]}, session, epoch) then
    return {'stale'}
end
local rows, count, marked, overtaken = redis.call('GET', ROWS), tonumber(batch[2]), {}, {}
for at = 1, #packed, 2 do
    local high, low = string.byte(packed, at, at + 1)
    local position = high * 256 + low
    local first = position * ROW_SIZE + 1
    if position >= count then
        return {'bad'}
    end
    local flags = string.byte(rows, first + ROW_flags - 1)
    if not is_open(string.byte(rows, first)) then
        if bit.band(flags, LATE) == 0 then
            return {'bad'}
        end
        overtaken[#overtaken + 1] = string.sub(packed, at, at + 1) -- evidence ended it meanwhile
    elseif bit.band(flags, MARKED) == 0 then
        marked[digits(first + ROW_flags - 2)] = string.char(bit.bor(flags, MARKED))
    end
end
for offset, flags in pairs(marked) do
    redis.call('SETRANGE', ROWS, offset, flags)
end
return {'ok', campaign[2], left_of({expires = tonumber(campaign[3])},
    {expires = tonumber(batch[3] or '0')}), table.concat(overtaken)}
