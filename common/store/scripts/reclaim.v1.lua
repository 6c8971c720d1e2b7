#!lua flags=allow-oom
-- include: clock campaign events batch doubt suspect verdict
-- Free the claim of a session that was taken over, has left, or knows nothing of this claim.
-- KEYS: header, events, generation, active, h, r, b, due, claimed, doubt, quarantine
-- ARGV: run, id, batch, member, session, died (0: it drained, or was only cut off), member of the
--       campaign itself, epoch (none: whichever it is)
local run, id, number, member, session = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local campaign, batch = read_campaign(), read_batch()
if campaign == nil or batch == nil or session == '' or batch.session ~= session then
    return {'stale'}
end
if ARGV[8] ~= nil and batch.epoch ~= ARGV[8] then
    return {'stale'}
end
local SUSPECTS_MAX = 3
local has_died, is_part = ARGV[6] == '1', batch.part_rows > 0
local is_doubtful, suspected, quarantined = false, 0, 0
local pass = new_pass(batch, redis.call('GET', ROWS))

local function resent_row(row)
    local flags = string.byte(row, ROW_flags)
    if bit.band(flags, POSSIBLE_DUPLICATE) == 0 then
        return string.sub(row, 1, ROW_flags - 1) .. string.char(bit.bor(flags, POSSIBLE_DUPLICATE))
            .. string.sub(row, ROW_flags + 1)
    end
    return row
end

-- One of the rows that a part had when its worker died.
local function suspect_row(row)
    local deaths = deaths_at(row, 1) + 1
    suspected = suspected + 1
    if deaths < QUARANTINE_DEATHS then
        return gated_row(row, 1, string.byte(row, ROW_gate), deaths, due_at(row, 1))
    end
    quarantined = quarantined + 1
    return gated_row(row, 1, QUARANTINED, QUARANTINE_DEATHS, NEVER)
end

local function reclaim_row(position, first)
    local row = string.sub(pass.rows, first, first + ROW_SIZE - 1)
    if campaign.is_hold and bit.band(string.byte(row, ROW_flags), MARKED) ~= 0 then
        change_row(pass, position, doubtful_row(campaign, ended_row(row, 1, UNCERTAIN)), true)
        is_doubtful = true
    elseif due_at(row, 1) <= batch.claimed_s + batch.slack_s then
        local new = campaign.is_hold and row or resent_row(row)
        if is_part and has_died then
            new = suspect_row(new)
        end
        if new ~= row then
            change_row(pass, position, new, false)
        end
    end
end

local from = is_part and batch.part_first or 0
for position = from, from + (is_part and batch.part_rows or batch.rows) - 1 do
    local first = position * ROW_SIZE + 1
    if is_open(string.byte(pass.rows, first)) then
        reclaim_row(position, first)
    end
end
local rows = write_pass(pass, run, id, number)

-- Batches of which parts died, each alone on its worker: the third stops the campaign. Messages of
-- a container are strangers to each other.
local function confirm()
    if not batch.is_confirmed then
        batch.is_confirmed = true
        redis.call('HSET', BATCH, 'k', '1')
        local suspects = redis.call('HINCRBY', HEADER, 'suspects', 1)
        if suspects >= SUSPECTS_MAX and not campaign.is_container
            and campaign.state == STATE_RUNNING then
            redis.call('HSET', HEADER, 'quarantine', '1')
            redis.call('ZADD', QUARANTINE, digits(NOW_S), ARGV[7])
            campaign.state = enter_state(run, id, STATE_PAUSED, WORD_PAUSE, 'QUARANTINED')
            return true
        end
    end
    return false
end

local stops = suspected > 0 and confirm()
local deaths = is_part and deaths_left(batch, rows, false) or batch.deaths + (has_died and 1 or 0)
release_claim(campaign, batch, member)
free_batch(campaign, number, rows, {'d', digits(deaths)})
if is_doubtful then
    index_doubt(member, rows)
end
if quarantined > 0 then
    index_quarantine(member, rows)
end
local state = end_if_done(run, id, campaign)
local is_suspect = not is_part and has_died and deaths == SUSPECT_DEATHS
return {'ok', digits(#pass.positions), digits(state), digits(quarantined), stops and '1' or '0',
    is_suspect and '1' or '0'}
