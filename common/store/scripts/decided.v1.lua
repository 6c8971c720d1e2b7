#!lua flags=allow-oom
-- include: clock
-- What path controllers decided, each an entry of the fleet's stream. Ids are generation-sequence as
-- in the streams of partitions; a repeated call adds its entries again, readers know them by name.
-- KEYS: decisions, generation
-- ARGV: run_id, most entries, then packed decisions
local DECISIONS, GENERATION = KEYS[1], KEYS[2]
local run, most = ARGV[1], ARGV[2]
local known = redis.call('HMGET', GENERATION, 'run', 'gen', 'seq')
local generation, sequence = tonumber(known[2] or '0'), tonumber(known[3] or '0')
if known[1] ~= run then
    generation, sequence = math.max(generation + 1, NOW_S), 0
end
for i = 3, #ARGV do
    sequence = sequence + 1
    redis.call('XADD', DECISIONS, 'MAXLEN', '~', most, string.format('%.0f-%.0f', generation, sequence),
        'v', '1p', 't', digits(NOW_MS), 'd', ARGV[i])
end
redis.call('HSET', GENERATION, 'run', run, 'gen', digits(generation), 'seq', digits(sequence))
return {'ok'}
