#!lua flags=allow-oom
-- include: clock campaign events batch doubt suspect
-- Outcomes become durable: rows, counters, one event entry; and the end of the claim, if asked for.
-- KEYS: header, events, generation, active, h, r, b, due, claimed, doubt
-- ARGV: run, id, batch, member, session, epoch, flush number, finishes, changes (u16 position and
--       row each), sealed details
local run, id, number, member = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local session, epoch, flush, finishes = ARGV[5], ARGV[6], tonumber(ARGV[7]), ARGV[8] == '1'
local changes = ARGV[9]
local CHANGE_SIZE = 2 + ROW_SIZE
local CLASSES = 32
-- What a claim may make of an open row.
local ALLOWED = {
    [PENDING] = true, [DELIVERED] = true, [DEFERRED] = true, [BOUNCED] = true, [EXPIRED] = true,
    [SUPPRESSED] = true, [CANCELLED] = true, [FAILED] = true, [UNCERTAIN] = true,
}
local campaign, batch = read_campaign(), read_batch()
if campaign == nil or batch == nil then
    return {'stale'}
end
local answer = {'ok', campaign.word, left_of(campaign, batch)}
local was_finished_by_it = batch.session == '' and batch.last_session == session
    and batch.epoch == epoch
if was_finished_by_it and batch.flush == flush then
    return answer
end
if not is_held(batch, session, epoch) then
    return {'stale'}
end
if batch.flush == flush then
    return answer
end
if batch.flush + 1 ~= flush then
    return {'stale'}
end

local rows = redis.call('GET', ROWS)
local changed, positions, told, counts = {}, {}, {}, new_counts()
local open, is_sorted, is_doubtful, overtaken = batch.open, true, false, {}
for at = 1, #changes, CHANGE_SIZE do
    local high, low, new_state, _, _, class, new_gate = string.byte(changes, at, at + 1 + ROW_gate)
    local position = high * 256 + low
    if position >= batch.rows or changed[position] or not ALLOWED[new_state]
        or new_gate > GATES then
        return {'bad'}
    end
    local first = position * ROW_SIZE + 1
    local old_state, old_gate = string.byte(rows, first), string.byte(rows, first + ROW_gate - 1)
    local row = string.sub(changes, at + 2, at + CHANGE_SIZE - 1)
    changed[position] = row
    if is_open(old_state) then
        local tells = string.byte(rows, first + ROW_seq - 1) ~= string.byte(row, ROW_seq)
        if old_state ~= new_state and not tells then
            return {'bad'}
        end
        if tells then
            told[#told + 1] = string.sub(changes, at, at + CHANGE_SIZE - 1)
        end
        if new_state == UNCERTAIN then
            changed[position], is_doubtful = doubtful_row(campaign, row), true
        end
        is_sorted = is_sorted and (positions[#positions] or -1) < position
        positions[#positions + 1] = position
        open = open + count_change(counts, old_state, old_gate, new_state, new_gate)
        if new_state == BOUNCED and class < CLASSES then
            add(counts.bounced, class, 1)
        end
    elseif bit.band(string.byte(rows, first + ROW_flags - 1), LATE) ~= 0 then
        overtaken[#overtaken + 1] = position
    else
        return {'bad'}
    end
end
-- Evidence of an earlier try ended the row meanwhile: only another delivery is news.
for _, position in ipairs(overtaken) do
    local first, row = position * ROW_SIZE + 1, changed[position]
    if string.byte(row) == DELIVERED then
        local is_double = string.byte(rows, first) == DELIVERED
        row = is_double and doubled_row(rows, first) or evident_row(rows, first, row)
        redis.call('HSET', BATCH, try_name(position, epoch), '1')
        told[#told + 1] = struct.pack('>I2', position) .. row
        count_change(counts, string.byte(rows, first), 0, DELIVERED, 0)
        changed[position], is_sorted = row, false
        positions[#positions + 1] = position
    end
end

if not is_sorted then
    table.sort(positions)
end
if #positions > 0 then
    rows = replace_rows(rows, changed, positions)
    write_rows(rows, positions)
    write_counters(counts, batch.provider)
end
if #told > 0 then
    local is_all = #told == #positions and #overtaken == 0
    tell_rows(run, id, number, epoch, ARGV[7], is_all and changes or table.concat(told), ARGV[10])
end
if finishes then
    release_claim(campaign, batch, member)
    local deaths = deaths_left(batch, rows, batch.part_rows == 0)
    free_batch(campaign, number, rows, {'f', ARGV[7], 'z', session, 'd', digits(deaths)})
    end_if_done(run, id, campaign)
else
    redis.call('HSET', BATCH, 'f', ARGV[7], 'o', digits(open))
end
if is_doubtful then
    index_doubt(member, rows)
end
return answer
