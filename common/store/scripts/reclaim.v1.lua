#!lua flags=allow-oom
-- include: clock campaign events batch doubt verdict
-- Free the claim of a session that was taken over, has left, or knows nothing of this claim.
-- KEYS: header, events, generation, active, h, r, b, due, claimed, doubt
-- ARGV: run, id, batch, member, session, died (0: it drained), epoch (none: whichever it is)
local run, id, number, member, session = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local campaign, batch = read_campaign(), read_batch()
if campaign == nil or batch == nil or session == '' or batch.session ~= session then
    return {'stale'}
end
if ARGV[7] ~= nil and batch.epoch ~= ARGV[7] then
    return {'stale'}
end
local deaths = batch.deaths + (ARGV[6] == '1' and 1 or 0)
local is_doubtful = false
local pass = new_pass(batch, redis.call('GET', ROWS))

local function reclaim_row(position, first)
    local flags = string.byte(pass.rows, first + ROW_flags - 1)
    if campaign.is_hold then
        if bit.band(flags, MARKED) ~= 0 then
            change_row(pass, position,
                doubtful_row(campaign, ended_row(pass.rows, first, UNCERTAIN)), true)
            is_doubtful = true
        end
        return
    end
    local was_due = due_at(pass.rows, first) <= batch.claimed_s + batch.slack_s
    if was_due and bit.band(flags, POSSIBLE_DUPLICATE) == 0 then
        change_row(pass, position, string.sub(pass.rows, first, first + ROW_flags - 2)
            .. string.char(bit.bor(flags, POSSIBLE_DUPLICATE))
            .. string.sub(pass.rows, first + ROW_flags, first + ROW_SIZE - 1), false)
    end
end

for position = 0, batch.rows - 1 do
    local first = position * ROW_SIZE + 1
    if is_open(string.byte(pass.rows, first)) then
        reclaim_row(position, first)
    end
end
local rows = write_pass(pass, run, id, number)
release_claim(campaign, batch, member)
free_batch(campaign, number, rows, {'d', digits(deaths)})
if is_doubtful then
    index_doubt(member, rows)
end
local state = end_if_done(run, id, campaign)
return {'ok', digits(#pass.positions), digits(state)}
