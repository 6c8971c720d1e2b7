#!lua
-- include: clock chunk
-- Add a chunk to a container and remember the keys of its messages.
-- KEYS: as shared/chunk.lua (without buckets), then of each message its bucket of 4 days, today's
-- first. ARGV: as shared/chunk.lua (without hashes), then day, messages, and of each: hash, record
local REMEMBER_S = '432000'
local DAYS = 4
local DAY, MESSAGES = tonumber(ARGV[FIRST_HASH]), tonumber(ARGV[FIRST_HASH + 1])
local FIRST_RECORD = FIRST_HASH + 2
local values = redis.call('HMGET', HEADER, 'v', 'state', 'container', 'closed')
if values[1] ~= FORMAT then
    return {'gone'}
end
local known = answer_known()
if known then
    return known
end
if tonumber(values[2]) ~= STATE_RUNNING or values[3] ~= '1' or values[4] == '1' then
    return {'state'}
end
if not sizes_are_right() or #KEYS ~= FIRST_BUCKET_KEY - 1 + DAYS * MESSAGES then
    return {'bad'}
end
local today = math.floor(NOW_S / 86400)
if today ~= DAY then
    return {'day', digits(today)}
end
for nth = 1, MESSAGES do
    local hash = ARGV[FIRST_RECORD + 2 * (nth - 1)]
    for day = 0, DAYS - 1 do
        if redis.call('HEXISTS', KEYS[FIRST_BUCKET_KEY + DAYS * (nth - 1) + day], hash) == 1 then
            return {'exists'}
        end
    end
end
for nth = 1, MESSAGES do
    local at = FIRST_RECORD + 2 * (nth - 1)
    local key = FIRST_BUCKET_KEY + DAYS * (nth - 1)
    redis.call('HSET', KEYS[key], ARGV[at], ARGV[at + 1])
    redis.call('EXPIRE', KEYS[key], REMEMBER_S, 'NX')
end
local answer = add_chunk(0)
return answer
