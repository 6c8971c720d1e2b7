#!lua
-- Changes that a coordinator makes to the rows of a batch: counters, rows, one event entry.
-- Epoch 0 and the campaign's counter are the identity of their events.
local function new_pass(batch, rows)
    return {batch = batch, rows = rows, changed = {}, positions = {}, told = {},
        counts = new_counts()}
end

local function change_row(pass, position, row, tells)
    local first = position * ROW_SIZE + 1
    count_change(pass.counts, string.byte(pass.rows, first),
        string.byte(pass.rows, first + ROW_gate - 1), string.byte(row),
        string.byte(row, ROW_gate))
    pass.changed[position] = row
    pass.positions[#pass.positions + 1] = position
    if tells then
        pass.told[#pass.told + 1] = struct.pack('>I2', position) .. row
    end
end

-- The row in another state: no gate, no due time, one event more.
local function ended_row(rows, first, state)
    local seq = (string.byte(rows, first + ROW_seq - 1) + 1) % 256
    return string.char(state) .. string.sub(rows, first + 1, first + ROW_gate - 2)
        .. string.char(0) .. string.sub(rows, first + ROW_gate, first + ROW_seq - 2)
        .. string.char(seq) .. string.rep(string.char(0), 4)
end

-- @param details  sealed; '': none. @param why  nil, or whose decision it was
-- @return the rows as they stand now
local function write_pass(pass, run, id, number, details, why)
    if #pass.positions == 0 then
        return pass.rows
    end
    local rows = replace_rows(pass.rows, pass.changed, pass.positions)
    write_rows(rows, pass.positions)
    write_counters(pass.counts, pass.batch.provider)
    if #pass.told > 0 then
        local counter = redis.call('HINCRBY', HEADER, 'ev', 1)
        tell_rows(run, id, number, '0', digits(counter), table.concat(pass.told),
            details or '', why)
    end
    return rows
end
