#!lua flags=allow-oom
-- include: clock campaign events batch doubt verdict
-- Doubt ends by decision: of a person, or of the campaign's rule for rows whose time has come.
-- KEYS: header, events, generation, active, h, r, b, due, claimed, doubt
-- ARGV: run, id, batch, member, as (0: by the rule), why, positions (u16 each; '': all)
local ASSUME_DELIVERED, RESEND, AS_BOUNCED = 1, 2, 3
local run, id, number, member = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local as, why, packed = tonumber(ARGV[5]), ARGV[6], ARGV[7]
local campaign, batch = read_campaign(), read_batch()
if campaign == nil or batch == nil then
    redis.call('ZREM', DOUBT, member)
    return {'gone'}
end

-- @return nil, or why nothing of it can be sent any more
local function no_resend()
    local expires = expires_of(campaign, batch)
    if campaign.word == WORD_CANCEL then
        return 'state'
    end
    return expires > 0 and expires <= NOW_MS and 'expired' or nil
end

local by_rule = as == 0
if by_rule then
    as = campaign.resolve_as
    if as == RESEND and no_resend() then
        as, why = ASSUME_DELIVERED, 'resolve_after_s; too late to send again'
    end
elseif as == RESEND and no_resend() then
    return {no_resend()}
end
local pass = new_pass(batch, redis.call('GET', ROWS))

local wanted = {}
for at = 1, #packed, 2 do
    local high, low = string.byte(packed, at, at + 1)
    local position = high * 256 + low
    if position >= batch.rows then
        return {'bad'}
    end
    wanted[position] = true
end

local function resolved_row(first)
    local flags = bit.band(string.byte(pass.rows, first + ROW_flags - 1), bit.bnot(MARKED))
    local state = as == AS_BOUNCED and BOUNCED or DELIVERED
    if as ~= RESEND then
        local row = ended_row(pass.rows, first, state)
        return string.char(state, bit.bor(flags, RESOLVED)) .. string.sub(row, ROW_flags + 1)
    end
    local row = ended_row(pass.rows, first, DEFERRED)
    return string.char(DEFERRED, bit.bor(flags, POSSIBLE_DUPLICATE))
        .. string.sub(row, ROW_flags + 1, ROW_gate - 1) .. string.char(RETRY_DUE)
        .. string.sub(row, ROW_gate + 1, ROW_due - 1) .. struct.pack('>I4', NOW_S)
end

for position = 0, batch.rows - 1 do
    local first = position * ROW_SIZE + 1
    local is_meant = (packed == '' or wanted[position])
        and (not by_rule or due_at(pass.rows, first) <= NOW_S)
    if is_meant and string.byte(pass.rows, first) == UNCERTAIN then
        change_row(pass, position, resolved_row(first), true)
    end
end
local rows = write_pass(pass, run, id, number, '', why)
index_doubt(member, rows)
if #pass.positions > 0 then
    settle_batch(campaign, batch, number, rows)
end
if campaign.open > 0 and campaign.state == STATE_COMPLETED then
    campaign.state = enter_state(run, id, STATE_RUNNING, WORD_RUN, why)
end
return {'ok', digits(#pass.positions), digits(end_if_done(run, id, campaign))}
