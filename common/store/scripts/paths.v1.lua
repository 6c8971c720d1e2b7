#!lua flags=allow-oom
-- What was learnt of the paths of a sending IP, written by the IP's holder; '' forgets a site.
-- Repeated it changes nothing.
-- KEYS: lease, paths
-- ARGV: session, epoch, most sites, then site and state in turns
local LEASE, PATHS = KEYS[1], KEYS[2]
local session, epoch, most = ARGV[1], ARGV[2], tonumber(ARGV[3])
local holder = redis.call('HMGET', LEASE, 's', 'e', 'k')
if holder[1] ~= session or holder[2] ~= epoch or holder[3] == 't' then
    return {'stale'}
end
local room = most - redis.call('HLEN', PATHS)
local full = 0
for i = 4, #ARGV, 2 do
    local site, state = ARGV[i], ARGV[i + 1]
    if state == '' then
        room = room + redis.call('HDEL', PATHS, site)
    elseif room > 0 or redis.call('HEXISTS', PATHS, site) == 1 then
        room = room - redis.call('HSET', PATHS, site, state)
    else
        full = full + 1
    end
end
return {'ok', full}
