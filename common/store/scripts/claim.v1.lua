#!lua flags=allow-oom
-- include: clock campaign batch
-- A session takes a free batch. The same session asking again gets the same answer.
-- KEYS: header, events, generation, active, h, r, b, due, claimed
-- ARGV: batch, member, session, slack s
local number, member, session, slack_s = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local campaign, batch = read_campaign(), read_batch()
if campaign == nil or batch == nil then
    return {'gone'}
end

-- `now_ms` says which rows are due: when it was claimed, so that reclaim means the same ones.
local function answer(epoch, now_ms)
    return {'ok', epoch, campaign.word, left_of(campaign, batch), digits(now_ms),
        redis.call('GET', ROWS), campaign.is_hold and '1' or '0', digits(batch.deaths)}
end

if batch.session == session then
    return answer(batch.epoch, batch.claimed_s * 1000)
end
if batch.session ~= '' then
    return {'taken'}
end
if campaign.state ~= STATE_RUNNING or campaign.word ~= WORD_RUN then
    return {'state'}
end
local expires = expires_of(campaign, batch)
if expires > 0 and expires <= NOW_MS then
    return {'expired'}
end
local due = redis.call('ZSCORE', DUE, number)
if not due then
    return {'gone'}
end
if tonumber(due) > NOW_S + slack_s then
    return {'not_due'}
end
local epoch = next_epoch(batch.epoch)
redis.call('HDEL', BATCH, 'z')
redis.call('HSET', BATCH, 's', session, 'e', epoch, 'f', '0', 't', digits(NOW_S),
    'l', digits(slack_s), 'i', digits(batch.open))
redis.call('ZREM', DUE, number)
redis.call('HSET', CLAIMED, member, session)
redis.call('HINCRBY', HEADER, 'in_flight', digits(batch.open))
return answer(epoch, NOW_MS)
