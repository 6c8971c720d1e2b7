#!lua
-- include: clock
-- Create a campaign, or answer what its key created before.
-- KEYS: header, content, all, active
-- ARGV: request digest, id (16 bytes), created ms, sealed content, field, value, ...
local HEADER, CONTENT, ALL, ACTIVE = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local digest = redis.call('HGET', HEADER, 'request')
if digest then
    if digest ~= ARGV[1] then
        return {'exists'}
    end
    return {'ok', '1', redis.call('HGETALL', HEADER)}
end
local is_container = false
for i = 5, #ARGV, 2 do
    is_container = is_container or (ARGV[i] == 'container' and ARGV[i + 1] == '1')
end
redis.call('HSET', HEADER, 'v', FORMAT, 'request', ARGV[1], unpack(ARGV, 5))
redis.call('HSET', HEADER, 'accepted', '0', 'duplicates', '0', 'rejected', '0', 'chunks', '0',
    'next_chunk', '0', 'batches', '0', 'open', '0', 'in_flight', '0', 'ev', '0', 'sites', '0')
redis.call('SET', CONTENT, ARGV[4])
redis.call('ZADD', ALL, ARGV[3], ARGV[2])
if is_container then
    redis.call('SADD', ACTIVE, ARGV[2])
end
return {'ok', '0', redis.call('HGETALL', HEADER)}
