#!lua flags=allow-oom
-- include: clock campaign events batch doubt verdict
-- What a claim that was lost knows: final replies to messages that did go out. Each is taken once.
-- KEYS: header, events, generation, active, h, r, b, due, claimed, doubt
-- ARGV: run, id, batch, member, epoch, changes (u16 position and row each), sealed details
local run, id, number, member, epoch = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local changes, details = ARGV[6], ARGV[7]
local CHANGE_SIZE = 2 + ROW_SIZE
local campaign, batch = read_campaign(), read_batch()
if campaign == nil or batch == nil then
    return {'gone'}
end
local pass = new_pass(batch, redis.call('GET', ROWS))

local news = {}
for at = 1, #changes, CHANGE_SIZE do
    local high, low, new_state = string.byte(changes, at, at + 2)
    local position = high * 256 + low
    if position >= batch.rows or news[position] or (new_state ~= DELIVERED and new_state ~= BOUNCED)
        or string.byte(pass.rows, position * ROW_SIZE + 1) == DUPLICATE then
        return {'bad'}
    end
    news[position] = string.sub(changes, at + 2, at + CHANGE_SIZE - 1)
end

-- The row stands as the try itself wrote it: its flush was not lost. Where no flush of its claim is
-- known the same bytes are another's: a failover forgot the claim, and both delivered.
local function is_same(first, new)
    return has_flushed(epoch) and string.sub(pass.rows, first, first + ROW_seq - 1) == string.sub(new, 1, ROW_seq)
end

-- @return the row to stand, or nil: nothing new
local function judge(position, first, new)
    local old_state = string.byte(pass.rows, first)
    local is_assumed = bit.band(string.byte(pass.rows, first + ROW_flags - 1), RESOLVED) ~= 0
    if old_state == LATE_BOUNCED or old_state == COMPLAINED then
        return nil
    end
    if is_assumed or (old_state ~= DELIVERED and old_state ~= BOUNCED) then
        return evident_row(pass.rows, first, new)
    end
    local is_double = old_state == DELIVERED and string.byte(new) == DELIVERED
    if not is_double or batch.epoch == epoch or is_same(first, new) then
        return nil
    end
    redis.call('HSET', BATCH, try_name(position, batch.epoch), '1')
    return doubled_row(pass.rows, first)
end

local was_doubtful = false
for position, new in pairs(news) do
    local name = try_name(position, epoch)
    local first = position * ROW_SIZE + 1
    if redis.call('HEXISTS', BATCH, name) == 0 then
        local row = judge(position, first, new)
        if row ~= nil then
            was_doubtful = was_doubtful or string.byte(pass.rows, first) == UNCERTAIN
            change_row(pass, position, row, true)
            redis.call('HSET', BATCH, name, '1')
        end
    end
end
table.sort(pass.positions)
local rows = write_pass(pass, run, id, number, details)
if #pass.positions > 0 then
    settle_batch(campaign, batch, number, rows)
    if was_doubtful then
        index_doubt(member, rows)
    end
end
return {'ok', digits(#pass.positions), digits(end_if_done(run, id, campaign))}
