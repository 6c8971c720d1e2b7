#!lua flags=allow-oom
-- include: clock
-- A coordinator is about to load a campaign, which may kill it: noted before, forgotten when it went
-- well. Where three others stand whose loads have not ended, or two while more is being loaded, nothing
-- is noted: they are told.
-- KEYS: trials. ARGV: session, is alone
local TRIALS, session = KEYS[1], ARGV[1]
local TRIALS_MAX, KEPT_S = ARGV[2] == '1' and 3 or 2, 86400
local others = {}
for _, name in ipairs(redis.call('HKEYS', TRIALS)) do
    if name ~= session then
        others[#others + 1] = name
    end
end
if #others >= TRIALS_MAX then
    return {'busy', others}
end
redis.call('HSET', TRIALS, session, digits(NOW_S))
redis.call('EXPIRE', TRIALS, KEPT_S)
return {'ok'}
