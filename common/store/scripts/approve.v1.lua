#!lua flags=allow-oom
-- include: clock campaign events approval
-- What people do about a campaign that waits for approval: open a sample, approve, reject (it is a
-- DRAFT again); and what time does: nobody approved it, so it lapses. A flag only: no row changes. A
-- repeated call changes nothing.
-- KEYS: header, events, generation, active, approval
-- ARGV: run, id, what, principal, digest, number, record, reason. The number is the sample that was
-- opened, or how many must have been opened by who approves.
local run, id, what, principal, digest = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local number, record, reason = tonumber(ARGV[6]), ARGV[7], ARGV[8]
local campaign = read_campaign()
if campaign == nil then
    return {'gone'}
end
local values = redis.call('HMGET', HEADER, 'digest', 'author', 'submitter', 'need', 'approve_by',
    'canary', 'canary_n')
local need, approve_by = tonumber(values[4] or '0'), tonumber(values[5] or '0')
local mark = what .. ':' .. principal
local waits = campaign.state == STATE_AWAITING_APPROVAL
local is_same = values[1] == digest
local lapsed = approve_by > 0 and NOW_MS >= approve_by

local function samples_opened()
    local bits, count = tonumber(redis.call('HGET', APPROVAL, 's:' .. principal) or '0'), 0
    while bits > 0 do
        count = count + bits % 2
        bits = math.floor(bits / 2)
    end
    return count
end

local function approve()
    if is_same and redis.call('HEXISTS', APPROVAL, 'a:' .. principal) == 1 then
        return 'ok', '1'
    end
    if not waits then
        return 'state'
    end
    if not is_same then
        return 'stale'
    end
    if lapsed or (campaign.expires > 0 and NOW_MS >= campaign.expires) then
        return 'expired'
    end
    if principal == values[2] or principal == values[3] then
        return 'refused'
    end
    if campaign.is_quarantined then
        return 'taken'
    end
    if samples_opened() < number then
        return 'not_due'
    end
    redis.call('HSET', APPROVAL, 'a:' .. principal, '1')
    note_step(record, mark)
    if redis.call('HINCRBY', HEADER, 'given', 1) >= need then
        local is_later = campaign.scheduled > NOW_MS and campaign.open > 0
        campaign.state = enter_state(run, id, is_later and STATE_SCHEDULED or STATE_RUNNING,
            WORD_RUN, reason)
        end_if_done(run, id, campaign)
    end
    return 'ok'
end

-- Whoever submits it anew begins anew; a canary that had nobody behind it may have now.
local function return_to_draft()
    forget_round()
    note_step(record, mark)
    redis.call('HSET', HEADER, 'digest', '', 'submitted', '0', 'expires', '0', 'need', '0',
        'approve_by', '0', 'returned', digits(NOW_MS), 'returned_why', reason)
    if values[6] == CANARY_NONE and tonumber(values[7] or '0') > 0 then
        redis.call('HSET', HEADER, 'canary', CANARY_SENDING)
    end
    enter_state(run, id, STATE_DRAFT, WORD_RUN, reason)
    return 'ok'
end

local function reject()
    if campaign.state == STATE_DRAFT and redis.call('HGET', APPROVAL, 'last') == mark then
        return 'ok', '1'
    end
    if not waits then
        return 'state'
    end
    if digest ~= '' and not is_same then
        return 'stale'
    end
    return return_to_draft()
end

local function lapse()
    if not waits or not lapsed then
        return 'state'
    end
    return return_to_draft()
end

local function open()
    if not waits then
        return 'state'
    end
    if not is_same then
        return 'stale'
    end
    local name = 's:' .. principal
    local bits = tonumber(redis.call('HGET', APPROVAL, name) or '0')
    local bit = math.pow(2, number)
    if math.floor(bits / bit) % 2 == 0 then
        redis.call('HSET', APPROVAL, 'v', FORMAT, name, digits(bits + bit))
    end
    return 'ok'
end

local steps = {approve = approve, reject = reject, lapse = lapse, open = open}
local step = steps[what]
if step == nil then
    return {'bad'}
end
local status, repeated = step()
return {status, redis.call('HGETALL', HEADER), repeated or '0'}
