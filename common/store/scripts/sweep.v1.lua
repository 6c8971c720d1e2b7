#!lua flags=allow-oom
-- include: clock campaign events batch suspect verdict
-- Open rows of a free batch end as EXPIRED or CANCELLED.
-- KEYS: header, events, generation, active, h, r, b, due, claimed, doubt, quarantine
-- ARGV: run, id, batch, member, outcome
local run, id, number, member, outcome = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local campaign, batch = read_campaign(), read_batch()
if campaign == nil or batch == nil then
    return {'gone'}
end
if batch.session ~= '' then
    return {'busy'}
end
local expires = expires_of(campaign, batch)
local is_right = (outcome == EXPIRED and expires > 0 and expires <= NOW_MS)
    or (outcome == CANCELLED and campaign.word == WORD_CANCEL)
if not is_right then
    return {'refused'}
end
if batch.open == 0 then
    return {'ok', '0', digits(campaign.state)}
end
local pass = new_pass(batch, redis.call('GET', ROWS))
for position = 0, batch.rows - 1 do
    local first = position * ROW_SIZE + 1
    if is_open(string.byte(pass.rows, first)) then
        change_row(pass, position, ended_row(pass.rows, first, outcome), true)
    end
end
local rows = write_pass(pass, run, id, number)
free_batch(campaign, number, rows, {'d', '0'})
unconfirm(batch)
index_quarantine(member, rows)
local state = end_if_done(run, id, campaign)
return {'ok', digits(#pass.positions), digits(state)}
