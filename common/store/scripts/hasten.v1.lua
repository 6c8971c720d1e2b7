#!lua flags=allow-oom
-- include: clock campaign batch
-- What held rows of a free batch under these gates may be over: those of them that wait for a time
-- are due now. No event: their state is as it was.
-- KEYS: header, events, generation, active, h, r, b, due, claimed
-- ARGV: batch, gates
local number, gates = ARGV[1], {}
for i = 2, #ARGV do
    gates[tonumber(ARGV[i])] = true
end
local campaign, batch = read_campaign(), read_batch()
if campaign == nil or batch == nil then
    return {'gone'}
end
if batch.session ~= '' then
    return {'busy'}
end
local rows = redis.call('GET', ROWS)
local changed, positions, now = {}, {}, struct.pack('>I4', NOW_S)
for position = 0, batch.rows - 1 do
    local first = position * ROW_SIZE + 1
    if is_open(string.byte(rows, first)) and gates[string.byte(rows, first + ROW_gate - 1)]
        and due_at(rows, first) > NOW_S then
        changed[position] = string.sub(rows, first, first + ROW_due - 2) .. now
            .. string.sub(rows, first + ROW_due + 3, first + ROW_SIZE - 1)
        positions[#positions + 1] = position
    end
end
if #positions > 0 then
    rows = replace_rows(rows, changed, positions)
    write_rows(rows, positions)
    settle_batch(campaign, batch, number, rows)
end
return {'ok', digits(#positions), digits(campaign.state)}
