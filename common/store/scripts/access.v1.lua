#!lua flags=allow-oom
-- include: clock
-- Principals and keys: all changes of a call, or none of them. Field p<name> is a StoredPrincipal,
-- k<id> a StoredKey; `n` tells readers that something changed.
-- KEYS: book, used
-- ARGV: most principals, most keys, then for each change: what (new, change, drop), field, value,
--   the value that was read before
local BOOK, USED = KEYS[1], KEYS[2]
local most = {p = tonumber(ARGV[1]), k = tonumber(ARGV[2])}
local version = redis.call('HGET', BOOK, 'v')
if version and version ~= FORMAT then
    return {'bad'}
end
local counts = {p = 0, k = 0}
for _, name in ipairs(redis.call('HKEYS', BOOK)) do
    local letter = string.sub(name, 1, 1)
    if counts[letter] then
        counts[letter] = counts[letter] + 1
    end
end
for i = 3, #ARGV, 4 do
    local what, field, before = ARGV[i], ARGV[i + 1], ARGV[i + 3]
    local letter = string.sub(field, 1, 1)
    local value = redis.call('HGET', BOOK, field)
    if what == 'new' then
        if value then
            return {'exists'}
        end
        counts[letter] = counts[letter] + 1
    elseif not value then
        return {'gone'}
    elseif value ~= before then
        return {'stale'}
    elseif what == 'drop' then
        counts[letter] = counts[letter] - 1
    end
end
if counts.p > most.p or counts.k > most.k then
    return {'full'}
end
for i = 3, #ARGV, 4 do
    if ARGV[i] == 'drop' then
        redis.call('HDEL', BOOK, ARGV[i + 1])
        redis.call('HDEL', USED, string.sub(ARGV[i + 1], 2))
    else
        redis.call('HSET', BOOK, ARGV[i + 1], ARGV[i + 2])
    end
end
redis.call('HSET', BOOK, 'v', FORMAT, 'n', digits(NOW_US))
return {'ok'}
