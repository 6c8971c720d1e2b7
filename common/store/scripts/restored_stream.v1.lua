#!lua flags=allow-oom
-- include: clock
-- The stream of events goes on in a new generation, also if nothing is written to it: readers whose
-- cursor is of an older one, or lies behind its end, are told.
-- KEYS: events, generation. ARGV: run
local EVENTS, GENERATION, run = KEYS[1], KEYS[2], ARGV[1]
local known = redis.call('HMGET', GENERATION, 'run', 'gen', 'seq')
local generation, sequence = known[2] or '0', known[3] or '0'
if known[1] ~= run then
    generation, sequence = digits(math.max(tonumber(generation) + 1, NOW_S)), '1'
    redis.call('HSET', GENERATION, 'run', run, 'gen', generation, 'seq', sequence)
end
local place = string.format('%s-%s', generation, sequence)
if redis.call('EXISTS', EVENTS) == 0 then
    redis.call('XADD', EVENTS, place, 'v', '0')
    redis.call('XDEL', EVENTS, place)
    redis.call('XSETID', EVENTS, place, 'ENTRIESADDED', '0', 'MAXDELETEDID', '0-0')
else
    redis.call('XSETID', EVENTS, place)
end
return {'ok'}
