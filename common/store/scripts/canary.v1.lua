#!lua flags=allow-oom
-- include: clock campaign events
-- A canary's way: all of it was tried, so the wait begins; when the wait is over, the driver's
-- verdict lets the rest go or pauses the campaign. A repeated call changes nothing.
-- KEYS: header, events, generation, active. ARGV: run, id, what, reason
local run, id, what, reason = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local campaign = read_campaign()
if campaign == nil then
    return {'gone'}
end
local values = redis.call('HMGET', HEADER, 'canary', 'canary_rows', 'canary_s', 'canary_at', 'o1')
local canary, rows = values[1], tonumber(values[2] or '0')
local wait_ms, since_ms = tonumber(values[3] or '0') * 1000, tonumber(values[4] or '0')
local is_over = canary == CANARY_WAITING and NOW_MS >= since_ms + wait_ms

local function wait()
    if canary == CANARY_SENDING and campaign.accepted - tonumber(values[5]) >= rows then
        redis.call('HSET', HEADER, 'canary', CANARY_WAITING, 'canary_at', digits(NOW_MS))
        return true
    end
    return canary == CANARY_WAITING
end

local function judge(verdict, state, word)
    if is_over then
        redis.call('HSET', HEADER, 'canary', verdict, 'canary_why', reason)
        enter_state(run, id, state, word, reason)
        return true
    end
    return canary == verdict
end

local steps = {
    wait = wait,
    pass = function() return judge(CANARY_PASSED, STATE_RUNNING, WORD_RUN) end,
    fail = function() return judge(CANARY_FAILED, STATE_PAUSED, WORD_PAUSE) end,
}
local step = steps[what]
if step == nil then
    return {'bad'}
end
local may = campaign.state == STATE_RUNNING or (what == 'fail' and canary == CANARY_FAILED)
local status = may and step() and 'ok' or 'state'
return {status, redis.call('HGETALL', HEADER)}
