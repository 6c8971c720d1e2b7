#!lua flags=allow-oom
-- include: clock
-- What path controllers decided, each an entry of the fleet's stream. Ids are generation-sequence as
-- in the streams of partitions. A session numbers its decisions: a repeated call adds nothing again.
-- KEYS: decisions, generation, told
-- ARGV: run_id, most entries, number of the first one, seconds to remember, then packed decisions
local DECISIONS, GENERATION, TOLD = KEYS[1], KEYS[2], KEYS[3]
local run, most, first, remembered_s = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local told = tonumber(redis.call('GET', TOLD) or '0')
local known = redis.call('HMGET', GENERATION, 'run', 'gen', 'seq')
local generation, sequence = tonumber(known[2] or '0'), tonumber(known[3] or '0')
if known[1] ~= run then
    generation, sequence = math.max(generation + 1, NOW_S), 0
end
local last = first + #ARGV - 5
for number = math.max(first, told + 1), last do
    sequence = sequence + 1
    redis.call('XADD', DECISIONS, 'MAXLEN', '~', most, string.format('%.0f-%.0f', generation, sequence),
        'v', '1p', 't', digits(NOW_MS), 'd', ARGV[number - first + 5])
end
if last > told then
    redis.call('SET', TOLD, digits(last))
end
redis.call('EXPIRE', TOLD, remembered_s)
redis.call('HSET', GENERATION, 'run', run, 'gen', digits(generation), 'seq', digits(sequence))
return {'ok'}
