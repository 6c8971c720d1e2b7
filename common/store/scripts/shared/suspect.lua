#!lua
-- A batch whose claims died twice is suspect: it is claimed in parts, by workers that hold nothing
-- else. A row's deaths are those of its parts; the third, alone, puts it under QUARANTINED.
local QUARANTINE = KEYS[11]
local SUSPECT_DEATHS = 2
local PART_SIZES = {50, 5, 1}

local function deaths_at(rows, first)
    return string.byte(rows, first + ROW_deaths - 1)
end

-- The row with another gate, number of deaths and time.
local function gated_row(rows, first, gate, deaths, due)
    return string.sub(rows, first, first + ROW_gate - 2) .. string.char(gate, deaths)
        .. string.sub(rows, first + ROW_smtp - 1, first + ROW_due - 2) .. struct.pack('>I4', due)
end

-- The next part: rows of the fewest deaths, as many in a row as these allow.
-- @return first row, rows of the range, open ones to be worked on; nil: nothing is due
local function next_part(rows, until_s)
    local fewest = QUARANTINE_DEATHS
    local function is_workable(first)
        return is_open(string.byte(rows, first)) and due_at(rows, first) <= until_s
    end
    for first = 1, #rows, ROW_SIZE do
        if is_workable(first) then
            fewest = math.min(fewest, deaths_at(rows, first))
        end
    end
    local size = PART_SIZES[fewest + 1]
    if size == nil then
        return nil
    end
    local from, to, working = nil, nil, 0
    for first = 1, #rows, ROW_SIZE do
        local position = (first - 1) / ROW_SIZE
        if is_workable(first) then
            local fits = deaths_at(rows, first) == fewest
            if fits then
                from, to, working = from or position, position, working + 1
            end
            if working == size or (from ~= nil and not fits) then
                break
            end
        end
    end
    return from, to - from + 1, working
end

-- A claim ended by itself, or a part died. What was tried is cleared; a batch stays suspect until
-- each of its due rows was tried, and counts for its campaign until none is in quarantine either.
-- @param is_whole  the claim had all rows. @return deaths of the batch from now on
local function deaths_left(batch, rows, is_whole)
    if batch.deaths == 0 and not batch.is_confirmed then
        return 0
    end
    local is_suspect, is_quarantined = false, false
    for first = 1, #rows, ROW_SIZE do
        if is_open(string.byte(rows, first)) then
            local deaths = deaths_at(rows, first)
            if deaths >= QUARANTINE_DEATHS then
                is_quarantined = true
            elseif deaths > 0 or (not is_whole and due_at(rows, first) <= NOW_S + batch.slack_s) then
                is_suspect = true
            end
        end
    end
    if not is_suspect and not is_quarantined then
        unconfirm(batch)
    end
    return is_suspect and math.max(batch.deaths, SUSPECT_DEATHS) or 0
end

local function index_quarantine(member, rows)
    for first = 1, #rows, ROW_SIZE do
        if is_open(string.byte(rows, first)) and deaths_at(rows, first) >= QUARANTINE_DEATHS then
            redis.call('ZADD', QUARANTINE, 'NX', digits(NOW_S), member)
            return
        end
    end
    redis.call('ZREM', QUARANTINE, member)
end
