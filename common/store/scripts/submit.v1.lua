#!lua flags=allow-oom
-- include: clock campaign events approval
-- DRAFT -> SCHEDULED or RUNNING, or AWAITING_APPROVAL when somebody must approve it; without any
-- accepted row it ends at once.
-- KEYS: header, events, generation, active, approval
-- ARGV: run, id, chunks, digest, scheduled ms, approvals needed, ms to wait for them (0: for ever),
--       who submits, record of that
local run, id, chunks, digest, scheduled = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local need, patience, submitter, record = tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8], ARGV[9]
local campaign = read_campaign()
if campaign == nil then
    return {'gone'}
end
local values = redis.call('HMGET', HEADER, 'digest', 'chunks', 'expires_s')
if campaign.state ~= STATE_DRAFT then
    return {values[1] == digest and 'ok' or 'state', redis.call('HGETALL', HEADER)}
end
if values[2] ~= chunks then
    return {'stale', redis.call('HGETALL', HEADER)}
end
local expires_s = tonumber(values[3])
local expires = expires_s > 0 and math.max(scheduled, NOW_MS) + expires_s * 1000 or 0
redis.call('HSET', HEADER, 'digest', digest, 'submitted', digits(NOW_MS),
    'scheduled', digits(scheduled), 'expires', digits(expires), 'submitter', submitter)
-- Nobody is left to wait for the canary, or there is none.
local canary = redis.call('HMGET', HEADER, 'canary', 'canary_rows')
local canary_rows = tonumber(canary[2] or '0')
if canary[1] and (canary_rows == 0 or canary_rows >= campaign.accepted) then
    redis.call('HSET', HEADER, 'canary', CANARY_NONE)
end
if need > 0 and campaign.open > 0 then
    forget_round()
    redis.call('HSET', HEADER, 'need', digits(need),
        'approve_by', patience > 0 and digits(NOW_MS + patience) or '0')
    note_step(record, 'submit:' .. submitter)
    enter_state(run, id, STATE_AWAITING_APPROVAL, WORD_RUN, '')
elseif scheduled > NOW_MS and campaign.open > 0 then
    enter_state(run, id, STATE_SCHEDULED, WORD_RUN, '')
else
    campaign.state = enter_state(run, id, STATE_RUNNING, WORD_RUN, '')
    end_if_done(run, id, campaign)
end
return {'ok', redis.call('HGETALL', HEADER)}
