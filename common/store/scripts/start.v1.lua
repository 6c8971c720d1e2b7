#!lua flags=allow-oom
-- include: clock campaign events
-- SCHEDULED -> RUNNING when its time has come; closes a container whose hour is over.
-- KEYS: header, events, generation, active. ARGV: run, id, closes
local run, id, closes = ARGV[1], ARGV[2], ARGV[3] == '1'
local campaign = read_campaign()
if campaign == nil then
    return {'gone'}
end
if closes then
    if not campaign.is_container then
        return {'state', redis.call('HGETALL', HEADER)}
    end
    redis.call('HSET', HEADER, 'closed', '1')
    campaign.is_closed = true
    end_if_done(run, id, campaign)
elseif campaign.state == STATE_SCHEDULED and campaign.scheduled <= NOW_MS then
    enter_state(run, id, STATE_RUNNING, WORD_RUN, '')
elseif campaign.state ~= STATE_RUNNING then
    return {'state', redis.call('HGETALL', HEADER)}
end
return {'ok', redis.call('HGETALL', HEADER)}
