#!lua flags=allow-oom
-- include: clock
-- Append lines of the audit log of one coordinator session. Lines are numbered: those that are
-- there already are not entered again; how many are missing before them is answered (a failover may
-- have lost some).
-- KEYS: log, heads
-- ARGV: session, number of the first line, hash of the last, entries that are kept,
--   then for each line: line, principal, call, result
local LOG, HEADS = KEYS[1], KEYS[2]
local session, first, hash, keep = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local head = redis.call('HGET', HEADS, session)
local last = 0
if head then
    last = tonumber(string.match(head, '^%d+'))
end
local count = (#ARGV - 4) / 4
for nth = math.max(last + 1 - first, 0), count - 1 do
    local at = 5 + nth * 4
    redis.call('XADD', LOG, 'MAXLEN', '~', keep, '*', 'l', ARGV[at], 'p', ARGV[at + 1],
        'c', ARGV[at + 2], 'r', ARGV[at + 3])
end
if first + count - 1 > last then
    redis.call('HSET', HEADS, session, string.format('%.0f %s %s', first + count - 1, hash,
        digits(NOW_MS)))
end
return {'ok', digits(math.max(first - last - 1, 0))}
