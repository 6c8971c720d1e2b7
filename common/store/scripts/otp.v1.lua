#!lua flags=allow-oom
-- include: clock
-- One-time codes: a step is taken once, over all coordinators; wrong codes wait, longer each time.
-- Fields: s<principal> the last step taken, f<principal> "<wrong ones> <wait until ms> <last ms>".
-- KEYS: otp. ARGV: principal, step that the code was right for (0: it was wrong)
local OTP, principal, step = KEYS[1], ARGV[1], tonumber(ARGV[2])
-- Wrong ones that cost nothing, the first wait, the longest one, and when all is forgotten.
local FREE, FIRST_MS, MOST_MS, QUIET_MS = 3, 2000, 3600000, 86400000
local last = tonumber(redis.call('HGET', OTP, 's' .. principal) or '0')
local count, until_ms, at = string.match(redis.call('HGET', OTP, 'f' .. principal) or '',
    '^(%d+) (%d+) (%d+)$')
count, until_ms, at = tonumber(count or '0'), tonumber(until_ms or '0'), tonumber(at or '0')
if until_ms > NOW_MS then
    return {'full', digits(until_ms - NOW_MS)}
end
if step > last then
    redis.call('HSET', OTP, 's' .. principal, digits(step))
    redis.call('HDEL', OTP, 'f' .. principal)
    return {'ok', '0'}
end
if NOW_MS - at > QUIET_MS then
    count = 0
end
count = count + 1
local wait_ms = 0
if count > FREE then
    wait_ms = math.min(FIRST_MS * 2 ^ math.min(count - FREE - 1, 20), MOST_MS)
end
redis.call('HSET', OTP, 'f' .. principal,
    string.format('%d %s %s', count, digits(NOW_MS + wait_ms), digits(NOW_MS)))
return {step > 0 and 'stale' or 'gone', digits(wait_ms)}
