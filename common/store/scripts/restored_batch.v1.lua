#!lua flags=allow-oom
-- include: clock campaign events batch doubt suspect verdict
-- A batch of a store that was loaded from a backup: rows that may have been sent since are in doubt
-- (HOLD) or go out again and tell so (RESEND). A claim is of no living process: it is freed, and
-- nobody died of it.
-- KEYS: header, events, generation, active, h, r, b, due, claimed, doubt, quarantine
-- ARGV: run, id, batch, member, session ('': free), all may be sent, all hold, lost s
local run, id, number, member, session = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local ALL, HOLDS, LOST_S = ARGV[6] == '1', ARGV[7] == '1', tonumber(ARGV[8])
-- Rows that are due so soon were worked on as well (`slack` of claims).
local SLACK_S = 300
local campaign, batch = read_campaign(), read_batch()
if campaign == nil or batch == nil then
    redis.call('HDEL', CLAIMED, member)
    return {'gone'}
end
if batch.session ~= session then
    return {'stale'}
end
local is_hold, is_doubtful = campaign.is_hold or HOLDS, false
local is_claimed = session ~= ''
local pass = new_pass(batch, redis.call('GET', ROWS))

-- Was it in the hands of the session?
local function is_held_row(position, due)
    local is_of_part = batch.part_rows == 0 or (position >= batch.part_first
        and position < batch.part_first + batch.part_rows)
    return is_claimed and is_of_part and due <= batch.claimed_s + batch.slack_s
end

-- Who stood under QUARANTINED may have been released since.
local function may_be_sent(position, first, flags)
    local due, gate = due_at(pass.rows, first), string.byte(pass.rows, first + ROW_gate - 1)
    return bit.band(flags, MARKED) ~= 0
        or (ALL and (due <= LOST_S + SLACK_S or gate == QUARANTINED))
        or (not is_hold and is_held_row(position, due))
end

local function look_at(position, first)
    local flags = string.byte(pass.rows, first + ROW_flags - 1)
    if not may_be_sent(position, first, flags) then
        return
    end
    if is_hold then
        change_row(pass, position,
            doubtful_row(campaign, ended_row(pass.rows, first, UNCERTAIN)), true)
        is_doubtful = true
    elseif bit.band(flags, POSSIBLE_DUPLICATE) == 0 then
        change_row(pass, position, string.sub(pass.rows, first, first + ROW_flags - 2)
            .. string.char(bit.bor(flags, POSSIBLE_DUPLICATE))
            .. string.sub(pass.rows, first + ROW_flags, first + ROW_SIZE - 1), false)
    end
end

for position = 0, batch.rows - 1 do
    local first = position * ROW_SIZE + 1
    if is_open(string.byte(pass.rows, first)) then
        look_at(position, first)
    end
end
local rows = write_pass(pass, run, id, number)
if is_claimed then
    release_claim(campaign, batch, member)
    free_batch(campaign, number, rows, {})
elseif #pass.positions > 0 then
    settle_batch(campaign, batch, number, rows)
end
if is_doubtful then
    index_doubt(member, rows)
    index_quarantine(member, rows)
end
if campaign.open == 0 and campaign.state == STATE_SCHEDULED then
    campaign.state = enter_state(run, id, STATE_RUNNING, WORD_RUN, '') -- it ends as one that ran
end
local state = end_if_done(run, id, campaign)
return {'ok', digits(#pass.positions), digits(state)}
