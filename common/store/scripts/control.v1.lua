#!lua flags=allow-oom
-- include: clock campaign events
-- Pause (also by a breaker), resume, cancel, put into quarantine because loads of it killed coordinators, release from
-- there: flags only, rows change batch by batch. A repeated call changes nothing.
-- KEYS: header, events, generation, active, quarantine, trials. ARGV: run, id, what, reason, member
local run, id, what, reason = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local campaign = read_campaign()
if campaign == nil then
    return {'gone'}
end
local state = campaign.state
local LOADS, LOADS_IDLE = '2', '3'
local is_under_way = state == STATE_RUNNING or state == STATE_SCHEDULED

local function pause()
    if is_under_way then
        enter_state(run, id, STATE_PAUSED, WORD_PAUSE, reason)
        return true
    end
    return state == STATE_PAUSED
end

-- A breaker stops a campaign once: who resumes it has seen why.
local function trip()
    if not is_under_way or redis.call('HEXISTS', HEADER, 'tripped') == 1 then
        return false
    end
    redis.call('HSET', HEADER, 'tripped', reason)
    return pause()
end

local function resume()
    if campaign.is_quarantined then
        return false
    end
    if state == STATE_PAUSED then
        local waits = campaign.scheduled > NOW_MS
        if redis.call('HGET', HEADER, 'canary') == CANARY_FAILED then
            redis.call('HSET', HEADER, 'canary', CANARY_OVERRULED)
        end
        enter_state(run, id, waits and STATE_SCHEDULED or STATE_RUNNING, WORD_RUN, reason)
        return true
    end
    return is_under_way
end

local function cancel()
    if state == STATE_CANCELLING or state == STATE_CANCELLED then
        return true
    end
    if not is_under_way and state ~= STATE_PAUSED and state ~= STATE_DRAFT
        and state ~= STATE_AWAITING_APPROVAL then
        return false
    end
    redis.call('ZREM', KEYS[5], ARGV[5])
    campaign.state = enter_state(run, id, STATE_CANCELLING, WORD_CANCEL, reason)
    end_if_done(run, id, campaign)
    return true
end

-- One that is not in quarantine (any more) only leaves its index.
local function release()
    redis.call('ZREM', KEYS[5], ARGV[5])
    redis.call('UNLINK', KEYS[6])
    if campaign.is_quarantined then
        local was_idle = redis.call('HGET', HEADER, 'quarantine') == LOADS_IDLE
        campaign.is_quarantined = false
        redis.call('HDEL', HEADER, 'quarantine', 'suspects')
        return state ~= STATE_PAUSED or was_idle or resume()
    end
    return true
end

local function quarantine()
    if campaign.is_quarantined then
        return true
    end
    if state == STATE_COMPLETED or state == STATE_CANCELLED then
        return false
    end
    redis.call('HSET', HEADER, 'quarantine', is_under_way and LOADS or LOADS_IDLE)
    redis.call('ZADD', KEYS[5], digits(NOW_S), ARGV[5])
    return not is_under_way or pause()
end

local steps = {pause = pause, trip = trip, resume = resume, cancel = cancel, release = release,
    quarantine = quarantine}
local step = steps[what]
if step == nil then
    return {'bad'}
end
local status = step() and 'ok' or 'state'
return {status, redis.call('HGETALL', HEADER)}
