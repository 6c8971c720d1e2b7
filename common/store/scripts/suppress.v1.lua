#!lua flags=allow-oom
-- include: clock
-- Put addresses on a suppression list, or lift what stands there. A value is one record for each
-- reason (common/policy/suppression_record.h): format u8, reason u8 (0x80: lifted), source u8, length of
-- the actor u8, at u32, expires u32, actor. What changed is told in the log, numbered without gap.
-- Adding what is there keeps the later time; what was lifted since the time of a report stays so.
-- KEYS: book, log, then the bucket of each entry
-- ARGV: what (add, lift), stream, most entries of a list, most lists; then hash and record of each
--       entry (lift: its reason is what is lifted, 0: all)
local BOOK, LOG = KEYS[1], KEYS[2]
local what, stream = ARGV[1], ARGV[2]
local most, lists_most = tonumber(ARGV[3]), tonumber(ARGV[4])
local HEAD, LIFTED, ERASED, BY_CALL = 12, 128, 5, 2
-- What was lifted is remembered for longer than any report of it waits.
local LIFTED_S = 40 * 86400
local LOG_ENTRIES, LOG_S = 1000, 7 * 86400
local entries = (#ARGV - 4) / 2
if entries < 1 or entries > 500 or entries ~= #KEYS - 2 then
    return {'bad'}
end
local format = redis.call('HGET', BOOK, 'v')
if format and format ~= FORMAT then
    return {'bad'}
end
local count = redis.call('HGET', BOOK, 's' .. stream)
local is_adding = what == 'add'
if is_adding and ((not count and redis.call('HLEN', BOOK) >= lists_most + 2)
        or tonumber(count or '0') + entries > most) then
    return {'full'}
end

local function u32(text, at)
    local a, b, c, d = string.byte(text, at, at + 3)
    return ((a * 256 + b) * 256 + c) * 256 + d
end

-- reason -> {record, is lifted, at}; nil: it cannot be read.
local function read(value)
    local records, at = {}, 1
    while at <= #value do
        local kind, reason, _, actor = string.byte(value, at, at + 3)
        if kind ~= 1 or #value - at + 1 < HEAD + actor then
            return nil
        end
        local record = string.sub(value, at, at + HEAD + actor - 1)
        local expires = u32(record, 9)
        local is_lifted = reason >= LIFTED
        local is_over = (expires ~= 0 and expires <= NOW_S)
            or (is_lifted and u32(record, 5) + LIFTED_S < NOW_S)
        if not is_over then
            records[reason % LIFTED] = {record, is_lifted, u32(record, 5)}
        end
        at = at + HEAD + actor
    end
    return records
end

local function pack(records)
    local parts = {}
    for reason = 1, 127 do
        if records[reason] then
            parts[#parts + 1] = records[reason][1]
        end
    end
    return table.concat(parts)
end

-- n: new, k: known, l: lifted since
local function add(records, record)
    local reason, at = string.byte(record, 2), u32(record, 5)
    local old = records[reason]
    local is_told_now = string.byte(record, 3) == BY_CALL
    if old and old[2] and (old[3] > at or (old[3] == at and not is_told_now)) then
        return 'l'
    end
    local is_new = old == nil or old[2]
    if is_new or old[3] < at then
        records[reason] = {record, false, at}
    end
    return is_new and 'n' or 'k'
end

-- n: lifted, g: nothing is there, e: nobody lifts that
local function lift(records, record)
    local asked, status = string.byte(record, 2) % LIFTED, 'g'
    for reason = 1, 127 do
        local old = records[reason]
        if old and not old[2] and (asked == 0 or asked == reason) then
            if reason == ERASED then
                return 'e'
            end
            local mark = string.sub(record, 1, 1) .. string.char(reason + LIFTED) .. string.sub(record, 3)
            records[reason] = {mark, true, u32(mark, 5)}
            status = 'n'
        end
    end
    return status
end

local statuses, told, added, removed = {}, {}, 0, 0
for i = 1, entries do
    local hash, record = ARGV[3 + 2 * i], ARGV[4 + 2 * i]
    local bucket, field = KEYS[2 + i], string.sub(hash, 2)
    local before = redis.call('HGET', bucket, field) or ''
    local records = read(before)
    if #hash ~= 16 or #record < HEAD or records == nil then
        statuses[i] = 'b'
    else
        statuses[i] = is_adding and add(records, record) or lift(records, record)
        local after = statuses[i] == 'e' and before or pack(records)
        if after == '' and before ~= '' then
            redis.call('HDEL', bucket, field)
            removed = removed + 1
        elseif after ~= before then
            redis.call('HSET', bucket, field, after)
            added = added + (before == '' and 1 or 0)
        end
        if is_adding and statuses[i] == 'n' then
            told[#told + 1] = hash .. string.sub(record, 2, 2)
        end
    end
end
if added ~= removed then
    redis.call('HINCRBY', BOOK, 's' .. stream, digits(added - removed))
end
if added > 0 or #told > 0 then
    redis.call('HSET', BOOK, 'v', FORMAT)
end
if #told > 0 then
    local number = digits(redis.call('HINCRBY', BOOK, 'n', 1))
    redis.call('XADD', LOG, 'MAXLEN', '~', LOG_ENTRIES, number .. '-0', 's', stream, 'h',
        table.concat(told))
    redis.call('EXPIRE', LOG, LOG_S)
end
return {'ok', table.concat(statuses)}
