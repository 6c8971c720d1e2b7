#!lua flags=allow-oom
-- include: clock
-- Slices of quotas, counted over all coordinators. Field "<subject> <kind>" is what was given out in
-- the window that the key is of.
-- KEYS: the minute's counts, the day's
-- ARGV: for each: 1 or 2 (which key), field, limit, needed, more that would be welcome
-- Answer: ok, then what each got: 0, or what is needed and perhaps some of the rest
local answer = {'ok'}
for i = 1, #ARGV, 5 do
    local key, field = KEYS[tonumber(ARGV[i])], ARGV[i + 1]
    local limit, needed, more = tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3]), tonumber(ARGV[i + 4])
    local left = limit - tonumber(redis.call('HGET', key, field) or '0')
    local given = 0
    if needed <= left then
        given = math.min(needed + more, left)
        redis.call('HINCRBY', key, field, digits(given))
        redis.call('EXPIRE', key, ARGV[i] == '1' and 180 or 172800)
    end
    answer[#answer + 1] = digits(given)
end
return answer
