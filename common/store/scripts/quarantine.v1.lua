#!lua flags=allow-oom
-- include: clock campaign events batch suspect verdict
-- A person decides about recipients under QUARANTINED: they are tried again, alone, or end as
-- FAILED. Without a decision only the index is put right.
-- KEYS: header, events, generation, active, h, r, b, due, claimed, doubt, quarantine
-- ARGV: run, id, batch, member, as (0: nothing), why, positions (u16 each; '': all)
local RELEASE, BOUNCE = 1, 2
local run, id, number, member = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local as, why, packed = tonumber(ARGV[5]), ARGV[6], ARGV[7]
local campaign, batch = read_campaign(), read_batch()
if campaign == nil or batch == nil then
    redis.call('ZREM', QUARANTINE, member)
    return {'gone'}
end
if as == RELEASE and campaign.word == WORD_CANCEL then
    return {'state'}
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

for position = 0, batch.rows - 1 do
    local first = position * ROW_SIZE + 1
    local is_meant = as ~= 0 and (packed == '' or wanted[position])
    if is_meant and is_open(string.byte(pass.rows, first))
        and deaths_at(pass.rows, first) >= QUARANTINE_DEATHS then
        if as == BOUNCE then
            change_row(pass, position, ended_row(pass.rows, first, FAILED), true)
        else
            change_row(pass, position,
                gated_row(pass.rows, first, 0, QUARANTINE_DEATHS - 1, NOW_S), false)
        end
    end
end
local rows = write_pass(pass, run, id, number, '', why)
index_quarantine(member, rows)
if #pass.positions > 0 then
    if as == RELEASE then
        redis.call('HSET', BATCH, 'd', digits(math.max(batch.deaths, SUSPECT_DEATHS)))
    elseif batch.session == '' then
        redis.call('HSET', BATCH, 'd', digits(deaths_left(batch, rows, batch.deaths == 0)))
    end
    settle_batch(campaign, batch, number, rows)
end
return {'ok', digits(#pass.positions), digits(end_if_done(run, id, campaign))}
