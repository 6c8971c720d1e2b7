#!lua
-- Entries of the tenant's event stream. Their place is generation-sequence: the generation rises
-- with Redis' run_id, so that a reader knows when entries may have been lost.
local function next_place(run)
    local known = redis.call('HMGET', GENERATION, 'run', 'gen', 'seq')
    local generation, sequence = tonumber(known[2] or '0'), tonumber(known[3] or '0') + 1
    if known[1] ~= run then
        generation, sequence = math.max(generation + 1, NOW_S), 1
        redis.call('HSET', GENERATION, 'run', run, 'gen', digits(generation), 'seq', '1')
    else
        redis.call('HSET', GENERATION, 'seq', digits(sequence))
    end
    return string.format('%.0f-%.0f', generation, sequence)
end

-- @param why  set: a decision, not something that happened; who made it
local function tell_rows(run, id, batch, epoch, number, rows, details, why)
    redis.call('XADD', EVENTS, next_place(run), 'v', '1r', 'c', id, 'b', batch, 'e', epoch,
        'f', number, 't', digits(NOW_MS), 'r', rows, 'd', details,
        unpack(why and {'why', why} or {}))
end

local function tell_state(run, id, state, reason)
    local counter = redis.call('HINCRBY', HEADER, 'ev', 1)
    redis.call('XADD', EVENTS, next_place(run), 'v', '1s', 'c', id, 'n', digits(counter),
        't', digits(NOW_MS), 's', digits(state), 'why', reason)
end

-- The only place that changes the state of a campaign.
local function enter_state(run, id, state, word, reason)
    redis.call('HSET', HEADER, 'state', digits(state), 'word', word)
    if state == STATE_COMPLETED or state == STATE_CANCELLED then
        redis.call('HSET', HEADER, 'ended', digits(NOW_MS))
        redis.call('SREM', ACTIVE, id)
    elseif state == STATE_DRAFT then
        redis.call('SREM', ACTIVE, id)
    else
        redis.call('SADD', ACTIVE, id)
    end
    tell_state(run, id, state, reason)
    return state
end

-- A campaign ends with its last open batch; a container once its hour is over as well.
local function end_if_done(run, id, campaign)
    if campaign.open > 0 then
        return campaign.state
    end
    if campaign.state == STATE_CANCELLING then
        return enter_state(run, id, STATE_CANCELLED, WORD_CANCEL, '')
    end
    local may_end = not campaign.is_container or campaign.is_closed
    if may_end and (campaign.state == STATE_RUNNING or campaign.state == STATE_PAUSED
        or campaign.state == STATE_AWAITING_APPROVAL) then
        return enter_state(run, id, STATE_COMPLETED, campaign.word, '')
    end
    return campaign.state
end
