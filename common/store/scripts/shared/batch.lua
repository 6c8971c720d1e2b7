#!lua
-- A batch: its header, its rows, and what their changes do to the counters.
local BATCH, ROWS, SEALED, DUE, CLAIMED = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9]
-- Changed rows that stand so near are written together: the rows between cost less than a command.
local NEAR_ROWS = 6
-- A claim of a part has its first row x PART_BASE + its rows in the batch's header.
local PART_BASE = 1024

local function read_batch()
    local values = redis.call('HMGET', BATCH, 'v', 'n', 'p', 'x', 's', 'e', 'f', 't', 'l', 'd', 'o',
        'i', 'z', 'a', 'k')
    if values[1] ~= FORMAT then
        return nil
    end
    local part = tonumber(values[14] or '0')
    return {
        rows = tonumber(values[2]), provider = values[3], expires = tonumber(values[4] or '0'),
        session = values[5] or '', epoch = values[6] or '0', flush = tonumber(values[7] or '0'),
        claimed_s = tonumber(values[8] or '0'), slack_s = tonumber(values[9] or '0'),
        deaths = tonumber(values[10] or '0'), open = tonumber(values[11]),
        in_flight = tonumber(values[12] or '0'), last_session = values[13] or '',
        part_first = math.floor(part / PART_BASE), part_rows = part % PART_BASE,
        is_confirmed = values[15] == '1',
    }
end

-- Claims before this one whose flushes the store knows: the last three, within a listpack's value.
local function note_flushed(epoch)
    redis.call('HSET', BATCH, 'w',
        string.sub(epoch .. ',' .. (redis.call('HGET', BATCH, 'w') or ''), 1, 60))
end

local function has_flushed(epoch)
    return string.find(redis.call('HGET', BATCH, 'w') or '', epoch .. ',', 1, true) ~= nil
end

local function is_held(batch, session, epoch)
    return session ~= '' and batch.session == session and batch.epoch == epoch
end

-- Unix ms when its recipients expire; 0: never.
local function expires_of(campaign, batch)
    return batch.expires > 0 and batch.expires or campaign.expires
end

-- Milliseconds left to live as text; '-': no end.
local function left_of(campaign, batch)
    local expires = expires_of(campaign, batch)
    return expires > 0 and digits(math.max(expires - NOW_MS, 0)) or '-'
end

local function is_open(state)
    return state == PENDING or state == DEFERRED
end

local function due_at(rows, at)
    local a, b, c, d = string.byte(rows, at + ROW_due - 1, at + ROW_due + 2)
    return ((a * 256 + b) * 256 + c) * 256 + d
end

local function new_counts()
    return {moves = {}, gates = {}, bounced = {}}
end

local function add(list, at, more)
    list[at] = (list[at] or 0) + more
end

-- Count one row's change. @return what it does to the number of open rows
local function count_change(counts, old_state, old_gate, new_state, new_gate)
    if old_state ~= new_state then
        add(counts.moves, old_state * 256 + new_state, 1)
    end
    local was_open, stays_open = is_open(old_state), is_open(new_state)
    if was_open then
        add(counts.gates, old_gate, -1)
    end
    if stays_open then
        add(counts.gates, new_gate, 1)
    end
    return (stays_open and 1 or 0) - (was_open and 1 or 0)
end

-- What the counts do to each counter of the header.
local function deltas_of(counts, provider)
    local deltas = {}
    for move, more in pairs(counts.moves) do
        local old, new = digits(math.floor(move / 256)), digits(move % 256)
        add(deltas, 'o' .. old, -more)
        add(deltas, 'o' .. new, more)
        add(deltas, 's:' .. provider .. ':' .. old, -more)
        add(deltas, 's:' .. provider .. ':' .. new, more)
    end
    for gate, more in pairs(counts.gates) do
        deltas['g' .. digits(gate)] = more
    end
    for class, more in pairs(counts.bounced) do
        deltas['b' .. digits(class)] = more
    end
    return deltas
end

-- Add to counters of the header: one read, one write.
local function write_counters(counts, provider)
    local deltas, names, pairs_of = deltas_of(counts, provider), {}, {}
    for name, more in pairs(deltas) do
        if more ~= 0 then
            names[#names + 1] = name
        end
    end
    if #names == 0 then
        return
    end
    local values = redis.call('HMGET', HEADER, unpack(names))
    for i, name in ipairs(names) do
        pairs_of[2 * i - 1] = name
        pairs_of[2 * i] = digits(tonumber(values[i] or '0') + deltas[name])
    end
    redis.call('HSET', HEADER, unpack(pairs_of))
end

-- The rows with `changed` (position -> row) put in. @param positions  ascending
local function replace_rows(rows, changed, positions)
    local parts, at = {}, 1
    for _, position in ipairs(positions) do
        local first = position * ROW_SIZE + 1
        parts[#parts + 1] = string.sub(rows, at, first - 1)
        parts[#parts + 1] = changed[position]
        at = first + ROW_SIZE
    end
    parts[#parts + 1] = string.sub(rows, at)
    return table.concat(parts)
end

local function write_rows(rows, positions)
    local first, last = positions[1], positions[1]
    for i = 2, #positions + 1 do
        local position = positions[i]
        if position == nil or position - last > NEAR_ROWS then
            redis.call('SETRANGE', ROWS, digits(first * ROW_SIZE),
                string.sub(rows, first * ROW_SIZE + 1, (last + 1) * ROW_SIZE))
            first = position
        end
        last = position
    end
end

-- @return open and uncertain rows, when the earliest of the open ones is due
local function count_rows(rows)
    local open, uncertain, earliest = 0, 0, nil
    for at = 1, #rows, ROW_SIZE do
        local state = string.byte(rows, at)
        if is_open(state) then
            local due = due_at(rows, at)
            due = due == 0 and NOW_S or due
            open = open + 1
            earliest = (earliest == nil or due < earliest) and due or earliest
        elseif state == UNCERTAIN then
            uncertain = uncertain + 1
        end
    end
    return open, uncertain, earliest
end

-- No part of the batch has killed a worker, or what did is decided: it does not count any more.
local function unconfirm(batch)
    if batch.is_confirmed then
        batch.is_confirmed = false
        redis.call('HDEL', BATCH, 'k')
        if tonumber(redis.call('HGET', HEADER, 'suspects') or '0') > 0 then
            redis.call('HINCRBY', HEADER, 'suspects', -1)
        end
    end
end

-- Nobody holds the batch any more: it waits for its earliest open row, or is done with.
-- campaign.open follows. @param fields  more fields of its header to set
local function free_batch(campaign, number, rows, fields)
    local open, uncertain, earliest = count_rows(rows)
    redis.call('HSET', BATCH, 's', '', 'i', '0', 'o', digits(open), unpack(fields))
    if open > 0 then
        redis.call('ZADD', DUE, digits(earliest), number)
        return
    end
    redis.call('ZREM', DUE, number)
    campaign.open = redis.call('HINCRBY', HEADER, 'open', -1)
    if uncertain == 0 then
        redis.call('UNLINK', SEALED)
    end
end

-- Rows of a batch changed by others than its holder: a free one waits for its earliest open row,
-- or is done with; one that was done with may have to be worked on again. campaign.open follows.
local function settle_batch(campaign, batch, number, rows)
    local open, uncertain, earliest = count_rows(rows)
    redis.call('HSET', BATCH, 'o', digits(open))
    if batch.session ~= '' then
        return
    end
    if open > 0 then
        redis.call('ZADD', DUE, digits(earliest), number)
    else
        redis.call('ZREM', DUE, number)
    end
    local more = (open > 0 and 1 or 0) - (batch.open > 0 and 1 or 0)
    if more ~= 0 then
        campaign.open = redis.call('HINCRBY', HEADER, 'open', digits(more))
    end
    if open == 0 then
        unconfirm(batch)
    end
    if open == 0 and uncertain == 0 then
        redis.call('UNLINK', SEALED)
    end
end

-- Take the batch out of the claimed ones.
local function release_claim(campaign, batch, member)
    redis.call('HDEL', CLAIMED, member)
    if batch.in_flight ~= 0 then
        redis.call('HINCRBY', HEADER, 'in_flight', digits(-batch.in_flight))
    end
end
