#!lua flags=allow-oom
-- include: clock campaign batch
-- HOLD: rows are handed over, before the write that can complete their messages.
-- KEYS: header, events, generation, active, h, r, b, due, claimed
-- ARGV: session, epoch, positions (u16 each)
local session, epoch, packed = ARGV[1], ARGV[2], ARGV[3]
local campaign, batch = read_campaign(), read_batch()
if campaign == nil or batch == nil or not is_held(batch, session, epoch) then
    return {'stale'}
end
local rows = redis.call('GET', ROWS)
local changed, positions = {}, {}
for at = 1, #packed, 2 do
    local high, low = string.byte(packed, at, at + 1)
    local position = high * 256 + low
    local first = position * ROW_SIZE + 1
    if position >= batch.rows or not is_open(string.byte(rows, first)) then
        return {'bad'}
    end
    local flags = string.byte(rows, first + ROW_flags - 1)
    if bit.band(flags, MARKED) == 0 and changed[position] == nil then
        changed[position] = string.sub(rows, first, first + ROW_flags - 2)
            .. string.char(bit.bor(flags, MARKED))
            .. string.sub(rows, first + ROW_flags, first + ROW_SIZE - 1)
        positions[#positions + 1] = position
    end
end
if #positions > 0 then
    table.sort(positions)
    write_rows(replace_rows(rows, changed, positions), positions)
end
return {'ok', campaign.word, left_of(campaign, batch)}
