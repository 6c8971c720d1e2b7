#!lua flags=allow-oom
-- include: clock campaign batch suspect
-- A session takes a free batch; of a suspect one, alone, the next part. The same asking of the
-- same session gets the same answer; another one does not: it knows nothing of what was sent under
-- the claim that stands (a failover may have brought it back).
-- KEYS: header, events, generation, active, h, r, b, due, claimed
-- ARGV: batch, member, session, slack s, alone, number of the asking
local number, member, session, slack_s = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local is_alone, ask = ARGV[5] == '1', ARGV[6]
local campaign, batch = read_campaign(), read_batch()
if campaign == nil or batch == nil then
    return {'gone'}
end

-- `now_ms` says which rows are due: when it was claimed, so that reclaim means the same ones.
local function answer(epoch, now_ms, rows, first, count)
    return {'ok', epoch, campaign.word, left_of(campaign, batch), digits(now_ms), rows,
        campaign.is_hold and '1' or '0', digits(batch.deaths), digits(first), digits(count)}
end

if batch.session == session and redis.call('HGET', BATCH, 'q') == ask then
    return answer(batch.epoch, batch.claimed_s * 1000, redis.call('GET', ROWS), batch.part_first,
        batch.part_rows > 0 and batch.part_rows or batch.rows)
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
-- Who offered it knew another number of deaths: `due` is to be read again.
if tonumber(due) > NOW_S + slack_s or is_alone ~= (batch.deaths >= SUSPECT_DEATHS) then
    return {'not_due'}
end
local rows = redis.call('GET', ROWS)
local first, count, working = 0, batch.rows, batch.open
if is_alone then
    first, count, working = next_part(rows, NOW_S + slack_s)
    if first == nil then
        return {'not_due'}
    end
end
local epoch = next_epoch(batch.epoch)
redis.call('HDEL', BATCH, 'z', 'a')
if batch.flush > 0 then
    note_flushed(batch.epoch)
end
redis.call('HSET', BATCH, 's', session, 'e', epoch, 'q', ask, 'f', '0', 't', digits(NOW_S),
    'l', digits(slack_s), 'i', digits(working))
if is_alone then
    redis.call('HSET', BATCH, 'a', digits(first * PART_BASE + count))
end
redis.call('ZREM', DUE, number)
redis.call('HSET', CLAIMED, member, session)
redis.call('HINCRBY', HEADER, 'in_flight', digits(working))
return answer(epoch, NOW_MS, rows, first, count)
