#!lua flags=allow-oom
-- include: clock
-- Add counts of a sending IP or From domain, by site, to the buckets of an hour and a day. A writer
-- numbers its calls: one that comes again adds nothing.
-- Fields: h<hour>|<site>, d<day>|<site> -> counts with spaces; w<session> -> "<number> <hour>" of
-- its last call; `at` -> hour of the last tidying.
-- KEYS: reputation
-- ARGV: session, number, then for each site: site, counts
local KEY = KEYS[1]
local session, number = ARGV[1], tonumber(ARGV[2])
-- Buckets of 48 hours and 35 days; some 65 sites of each.
local HOURS, DAYS, FIELDS_MAX = 48, 35, 6000
local hour, day = math.floor(NOW_S / 3600), math.floor(NOW_S / 86400)
local writer = redis.call('HGET', KEY, 'w' .. session)
if writer and tonumber(string.match(writer, '^%d+')) >= number then
    return {'ok'}
end

local function is_over(field)
    local kind, at = string.match(field, '^([hd])(%d+)|')
    if kind == nil then
        return false
    end
    local age = kind == 'h' and hour - tonumber(at) or day - tonumber(at)
    return age >= (kind == 'h' and HOURS or DAYS)
end

local function tidy()
    local over = {}
    local values = redis.call('HGETALL', KEY)
    for i = 1, #values, 2 do
        local field = values[i]
        local seen = string.sub(field, 1, 1) == 'w' and string.match(values[i + 1], ' (%d+)$')
        if is_over(field) or (seen and hour - tonumber(seen) > HOURS) then
            over[#over + 1] = field
        end
        if #over == 500 then
            redis.call('HDEL', KEY, unpack(over))
            over = {}
        end
    end
    if #over > 0 then
        redis.call('HDEL', KEY, unpack(over))
    end
    redis.call('HSET', KEY, 'at', digits(hour))
end

local function add(field, counts)
    local before = redis.call('HGET', KEY, field) or ''
    local sums = {}
    for count in string.gmatch(before, '%d+') do
        sums[#sums + 1] = tonumber(count)
    end
    local nth = 0
    for count in string.gmatch(counts, '%d+') do
        nth = nth + 1
        sums[nth] = math.min((sums[nth] or 0) + tonumber(count), 4294967295)
    end
    for i = 1, #sums do
        sums[i] = digits(sums[i])
    end
    redis.call('HSET', KEY, field, table.concat(sums, ' '))
end

if redis.call('HGET', KEY, 'at') ~= digits(hour) then
    tidy()
end
local is_full = redis.call('HLEN', KEY) >= FIELDS_MAX
for i = 3, #ARGV, 2 do
    local site = is_full and 'other' or ARGV[i]
    add(string.format('h%.0f|%s', hour, site), ARGV[i + 1])
    add(string.format('d%.0f|%s', day, site), ARGV[i + 1])
end
redis.call('HSET', KEY, 'v', FORMAT, 'w' .. session, digits(number) .. ' ' .. digits(hour))
redis.call('EXPIRE', KEY, 40 * 86400)
return {'ok'}
