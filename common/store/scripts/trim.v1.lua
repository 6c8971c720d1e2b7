#!lua flags=allow-oom
-- include: clock
-- Trim an event stream by age and by size. Ids tell no time, so marks do: a place, and when it was
-- the last one.
-- KEYS: events, generation, marks
-- ARGV: ms that entries are kept, ms between marks, bytes of the stream at most
local EVENTS, GENERATION, MARKS = KEYS[1], KEYS[2], KEYS[3]
local KEEP_MS, MARK_MS, BYTES_MAX = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
-- Entries of one call, about: a long list is trimmed by several.
local AT_ONCE = 10000
local place = redis.call('HMGET', GENERATION, 'gen', 'seq')
if not place[1] then
    return {'ok', '0', '0'}
end

local function mark()
    local here = string.format('%s-%s', place[1], place[2])
    local newest = redis.call('ZRANGE', MARKS, -1, -1, 'WITHSCORES')
    if newest[1] == nil
        or (newest[1] ~= here and tonumber(newest[2]) + MARK_MS <= NOW_MS) then
        redis.call('ZADD', MARKS, 'NX', digits(NOW_MS), here)
    end
end

-- What was the last entry at the newest mark that is old enough, and all before it.
local function trim_old()
    local before = digits(NOW_MS - KEEP_MS)
    local old = redis.call('ZREVRANGEBYSCORE', MARKS, before, '-inf', 'LIMIT', '0', '1')[1]
    if old == nil then
        return 0
    end
    local generation, sequence = string.match(old, '^(%d+)-(%d+)$')
    local first = string.format('%s-%.0f', generation, tonumber(sequence) + 1)
    local trimmed = redis.call('XTRIM', EVENTS, 'MINID', '~', first, 'LIMIT', digits(AT_ONCE))
    if trimmed < AT_ONCE - 1000 then
        trimmed = trimmed + redis.call('XTRIM', EVENTS, 'MINID', first)
        redis.call('ZREMRANGEBYSCORE', MARKS, '-inf', before)
    end
    return trimmed
end

local function trim_large()
    local bytes = redis.call('MEMORY', 'USAGE', EVENTS)
    if not bytes or bytes <= BYTES_MAX then
        return 0
    end
    local length = redis.call('XLEN', EVENTS)
    local keep = math.max(math.floor(length * BYTES_MAX / bytes), length - AT_ONCE)
    return redis.call('XTRIM', EVENTS, 'MAXLEN', digits(keep))
end

mark()
local old = trim_old()
return {'ok', digits(old), digits(trim_large())}
