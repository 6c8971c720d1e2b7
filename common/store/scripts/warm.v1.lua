#!lua flags=allow-oom
-- include: clock
-- Warm-up of a sending IP: its holder reserves messages of a day and of an hour for a site, gives
-- back what it did not need, and keeps the state. Repeated, it may reserve more than is used, never
-- less: a call that gives back must not be repeated. Who does not know the last change that the API
-- made writes nothing: it reads the states first.
-- KEYS: lease, states, counts of the day
-- ARGV: session, epoch, change, site, state ('': as it is), hour, quota of the day, of the hour,
--   wanted, given back of the hour, most sites
local LEASE, STATES, COUNTS = KEYS[1], KEYS[2], KEYS[3]
local session, epoch, change, site, state = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local day_quota, hour_quota = tonumber(ARGV[7]), tonumber(ARGV[8])
local wanted, given, most = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
local hour = site .. '/' .. ARGV[6]
local COUNTS_KEPT_S = 259200

local holder = redis.call('HMGET', LEASE, 's', 'e', 'k')
if holder[1] ~= session or holder[2] ~= epoch or holder[3] == 't' then
    return {'stale'}
end
if (redis.call('HGET', STATES, '#n') or '0') ~= change then
    return {'state'}
end
-- No site's name begins with these: what is the IP's own has its place always.
local is_own = string.find(site, '^[#*+]') ~= nil
if state ~= '' and not is_own and redis.call('HEXISTS', STATES, site) == 0
    and redis.call('HLEN', STATES) >= most then
    return {'full'}
end
local counts = redis.call('HMGET', COUNTS, site, hour)
local day_count = math.max(tonumber(counts[1] or '0') - given, 0)
local hour_count = math.max(tonumber(counts[2] or '0') - given, 0)
local granted = math.max(0, math.min(wanted, day_quota - day_count, hour_quota - hour_count))

if state ~= '' then
    redis.call('HSET', STATES, site, state)
end
if granted > 0 or given > 0 then
    redis.call('HSET', COUNTS, site, digits(day_count + granted), hour, digits(hour_count + granted))
    redis.call('EXPIRE', COUNTS, COUNTS_KEPT_S)
end
return {'ok', granted, day_count + granted, hour_count + granted}
