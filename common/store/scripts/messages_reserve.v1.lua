#!lua
-- Reserve a chunk number of a container.
-- KEYS: header
local values = redis.call('HMGET', KEYS[1], 'v', 'state', 'container', 'closed', 'next_chunk')
if values[1] ~= '1' then
    return {'gone'}
end
local next_chunk = tonumber(values[5])
local is_open = tonumber(values[2]) == STATE_RUNNING and values[3] == '1' and values[4] ~= '1'
if not is_open or next_chunk >= CHUNKS_MAX then
    return {'state'}
end
redis.call('HINCRBY', KEYS[1], 'next_chunk', 1)
return {'ok', values[5]}
