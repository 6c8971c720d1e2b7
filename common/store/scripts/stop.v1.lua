#!lua flags=allow-oom
-- include: clock
-- Operator stops: one field a stop, "<until ms> <StoredStop>" (0: until it is cleared). Those whose
-- time is over leave with the next change; `n` tells readers that something changed.
-- KEYS: stops
-- ARGV: what, field, until ms, packed, most
local STOPS = KEYS[1]
local what, field, until_ms, packed, most = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local values = redis.call('HGETALL', STOPS)
local over, count, is_there = {}, 0, false
for i = 1, #values, 2 do
    local name, value = values[i], values[i + 1]
    if name == 'v' and value ~= FORMAT then
        return {'bad'}
    end
    if string.sub(name, 1, 1) == 's' then
        local ends = tonumber(string.match(value, '^%d+') or '0')
        if ends ~= 0 and ends <= NOW_MS then
            over[#over + 1] = name
        else
            count = count + 1
            is_there = is_there or name == field
        end
    end
end
if what == 'set' and not is_there and count >= most then
    return {'full'}
end
if what == 'clear' and not is_there then
    return {'gone'}
end
if #over > 0 then
    redis.call('HDEL', STOPS, unpack(over))
end
if what == 'set' then
    redis.call('HSET', STOPS, field, until_ms .. ' ' .. packed)
else
    redis.call('HDEL', STOPS, field)
end
redis.call('HSET', STOPS, 'v', FORMAT, 'n', digits(NOW_US))
return {'ok'}
