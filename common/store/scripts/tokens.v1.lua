#!lua flags=allow-oom
-- include: clock
-- A shared limit: in any window of time at most so many messages (or, with a window of 0, at once). What counts is what is on its way
-- and what ended less than a window ago, so that the count never lags behind the mail.
-- Fields: o<session> -> "<transactional> <bulk> <seen ms>" on its way, d<step> -> "<transactional>
-- <bulk>" that ended in that tenth of a second.
-- KEYS: tokens
-- ARGV: session, lane (1: transactional, 2: bulk), rows asked for, window ms, most, most of a lane,
--   what the session has on its way: transactional, bulk; what ended since it told last: the same
local TOKENS = KEYS[1]
local session, lane, asked, window_ms = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]),
    tonumber(ARGV[4])
local most, most_of_lane = tonumber(ARGV[5]), tonumber(ARGV[6])
local own, ended = {tonumber(ARGV[7]), tonumber(ARGV[8])}, {tonumber(ARGV[9]), tonumber(ARGV[10])}
-- A session that is silent for so long is dead, and what it had on its way has ended.
local HOLD_MS, STEP_MS = 90000, 100
local step = math.ceil(NOW_MS / STEP_MS)
local own_name = 'o' .. session
local step_name = 'd' .. digits(step)
local sums, over, oldest = {own[1] + ended[1], own[2] + ended[2]}, {}, nil
local at_step = {ended[1], ended[2]}
local values = redis.call('HGETALL', TOKENS)
for i = 1, #values, 2 do
    local name, value = values[i], values[i + 1]
    local kind = string.sub(name, 1, 1)
    local first, second, seen = string.match(value, '^(%d+) (%d+) ?(%d*)$')
    local ends = nil
    if first == nil then
        if name == 'v' and value ~= FORMAT then
            return {'bad'}
        end
    elseif kind == 'd' then
        ends = tonumber(string.sub(name, 2)) * STEP_MS + window_ms
    elseif kind == 'o' and name ~= own_name then
        ends = tonumber(seen) + HOLD_MS + window_ms
    end
    if ends ~= nil and ends <= NOW_MS then
        over[#over + 1] = name
    elseif ends ~= nil then
        sums = {sums[1] + tonumber(first), sums[2] + tonumber(second)}
        if kind == 'd' then
            oldest = math.min(oldest or ends, ends)
        end
        if name == step_name then
            at_step = {at_step[1] + tonumber(first), at_step[2] + tonumber(second)}
        end
    end
end
local sum = sums[1] + sums[2]
local fits = sum + asked <= most and sums[lane] + asked <= most_of_lane
-- More than the limit lets through at once: alone, rather than never.
fits = fits or sum == 0 or asked == 0
if fits then
    own[lane] = own[lane] + asked
end
if #over > 0 then
    redis.call('HDEL', TOKENS, unpack(over))
end
redis.call('HSET', TOKENS, 'v', FORMAT, own_name,
    digits(own[1]) .. ' ' .. digits(own[2]) .. ' ' .. digits(NOW_MS))
if ended[1] + ended[2] > 0 then
    redis.call('HSET', TOKENS, step_name, digits(at_step[1]) .. ' ' .. digits(at_step[2]))
end
redis.call('EXPIRE', TOKENS, digits(math.ceil((HOLD_MS + window_ms) / 1000) + 1))
if not fits then
    return {'full', digits(oldest and math.max(oldest - NOW_MS, 1) or 0)}
end
return {'ok', '0'}
