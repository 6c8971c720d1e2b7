#!lua flags=allow-oom
-- include: clock
-- A server blamed the whole site: all workers leave it alone until then. A pause in force is never
-- shortened; those that are over go.
-- KEYS: pauses. ARGV: site, pause ms, rule, most
local PAUSES = KEYS[1]
local site, rule, most = ARGV[1], ARGV[3], tonumber(ARGV[4])
local until_ms = NOW_MS + tonumber(ARGV[2])
local values, over, count, known = redis.call('HGETALL', PAUSES), {}, 0, nil
for i = 1, #values, 2 do
    local ends = tonumber(string.match(values[i + 1], '^(%d+) '))
    if values[i] == 'v' then
        if values[i + 1] ~= FORMAT then
            return {'bad'}
        end
    elseif ends == nil or ends <= NOW_MS then
        over[#over + 1] = values[i]
    elseif values[i] == 's' .. site then
        known = ends
    else
        count = count + 1
    end
end
if known == nil and count >= most then
    return {'full'}
end
if #over > 0 then
    redis.call('HDEL', PAUSES, unpack(over))
end
if known == nil or known < until_ms then
    known = until_ms
    redis.call('HSET', PAUSES, 'v', FORMAT, 's' .. site, digits(until_ms) .. ' ' .. rule)
end
return {'ok', digits(known)}
