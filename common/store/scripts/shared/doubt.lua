#!lua
-- Rows in doubt. Their `due` is the time when doubt ends by rule; their batch stands in the
-- partition's index under the earliest.
local DOUBT = KEYS[10]

-- @return the UNCERTAIN row with its time
local function doubtful_row(campaign, row)
    return string.sub(row, 1, ROW_due - 1) .. struct.pack('>I4', NOW_S + campaign.resolve_s)
end

local function index_doubt(member, rows)
    local earliest = nil
    for at = 1, #rows, ROW_SIZE do
        if string.byte(rows, at) == UNCERTAIN then
            local due = due_at(rows, at)
            earliest = (earliest == nil or due < earliest) and due or earliest
        end
    end
    if earliest ~= nil then
        redis.call('ZADD', DOUBT, digits(earliest), member)
    else
        redis.call('ZREM', DOUBT, member)
    end
end

-- One more delivery of a row that was delivered before: told and counted.
-- @return the row to stand instead
local function doubled_row(rows, first)
    redis.call('HINCRBY', HEADER, 'doubled', 1)
    local flags = bit.bor(string.byte(rows, first + ROW_flags - 1), LATE, POSSIBLE_DUPLICATE,
        DOUBLED)
    local seq = (string.byte(rows, first + ROW_seq - 1) + 1) % 256
    return string.char(DELIVERED, flags)
        .. string.sub(rows, first + ROW_flags, first + ROW_seq - 2) .. string.char(seq)
        .. string.sub(rows, first + ROW_due - 1, first + ROW_SIZE - 1)
end

-- What a final reply makes of a row whose fate was not known. Its flags say how it came about.
local function evident_row(rows, first, new)
    local old_flags = string.byte(rows, first + ROW_flags - 1)
    local flags = bit.bor(old_flags, string.byte(new, ROW_flags), LATE)
    flags = bit.band(flags, bit.bnot(MARKED + RESOLVED))
    local attempts = math.max(string.byte(rows, first + ROW_attempts - 1),
        string.byte(new, ROW_attempts))
    local seq = (string.byte(rows, first + ROW_seq - 1) + 1) % 256
    return string.char(string.byte(new), flags, attempts, string.byte(new, ROW_reply_class), 0,
        string.byte(rows, first + ROW_deaths - 1)) .. string.sub(new, ROW_smtp, ROW_seq - 1)
        .. string.char(seq) .. string.rep(string.char(0), 4)
end

-- A claim sends a row at most once: its epoch and the position name the try.
local function try_name(position, epoch)
    return 'v' .. digits(position) .. ':' .. epoch
end
