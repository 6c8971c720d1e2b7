#!lua
-- A chunk of rows enters its campaign: batches, rows, counters and marker, all or nothing.
-- KEYS: header, chunks, parts, due, then h, r, b, f of each batch, then the duplicate buckets
-- ARGV: chunk, digest, rejected, looks up, refuses, answer, map, batches, rows,
--       bucket of each row (u16: nth bucket key, 0xffff: duplicate inside the chunk), then of each
--       batch: number, rows, provider, recipients, refs, due s, expires ms, group; then the hashes
local HEADER, CHUNKS, PARTS, DUE = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local CHUNK, DIGEST, REJECTED = ARGV[1], ARGV[2], tonumber(ARGV[3])
local LOOKS_UP, REFUSES = ARGV[4] == '1', ARGV[5] == '1'
local BATCH_COUNT, ROW_COUNT, BUCKETS = tonumber(ARGV[8]), tonumber(ARGV[9]), ARGV[10]
local FIRST_BATCH_KEY, BATCH_KEYS, BATCH_ARGUMENTS = 5, 4, 8
local FIRST_BATCH_ARGUMENT = 11
local FIRST_BUCKET_KEY = FIRST_BATCH_KEY + BATCH_KEYS * BATCH_COUNT
local FIRST_HASH = FIRST_BATCH_ARGUMENT + BATCH_ARGUMENTS * BATCH_COUNT
local IN_CHUNK = 65535
local SITES_MAX = 63

local function bucket_of(row)
    local high, low = string.byte(BUCKETS, 2 * row - 1, 2 * row)
    return high * 256 + low
end

local function marker_of(accepted, duplicates)
    return struct.pack('>B', 1) .. DIGEST .. struct.pack('>I4I4I4I4', accepted, duplicates,
        REJECTED, BATCH_COUNT)
end

-- The answer to a chunk that is known already; nil for a new one.
local function answer_known()
    local marker = redis.call('HGET', CHUNKS, CHUNK)
    if not marker then
        return nil
    end
    if string.sub(marker, 2, 33) ~= DIGEST then
        return {'exists'}
    end
    return {'ok', '1', marker, redis.call('HGET', PARTS, 'a' .. CHUNK) or ''}
end

-- Duplicates inside the chunk, and the other rows by their bucket.
local function sort_rows()
    local doubled, lists, count = {}, {}, 0
    for row = 1, ROW_COUNT do
        local bucket = bucket_of(row)
        if bucket == IN_CHUNK then
            doubled[row] = true
            count = count + 1
        elseif LOOKS_UP then
            local list = lists[bucket]
            if list == nil then
                lists[bucket] = {row}
            else
                list[#list + 1] = row
            end
        end
    end
    return doubled, lists, count
end

local function hashes_of(list)
    local hashes = {}
    for i, row in ipairs(list) do
        hashes[i] = ARGV[FIRST_HASH + row - 1]
    end
    return hashes
end

-- REFUSE: does any row have a duplicate?
local function has_duplicates()
    local _, lists, count = sort_rows()
    for bucket, list in pairs(lists) do
        local key = KEYS[FIRST_BUCKET_KEY + bucket]
        for _, is_known in ipairs(redis.call('SMISMEMBER', key, unpack(hashes_of(list)))) do
            count = count + is_known
        end
    end
    return count > 0
end

-- Enter all hashes. @return which rows are duplicates
local function enter_hashes()
    local doubled, lists = sort_rows()
    for bucket, list in pairs(lists) do
        local key = KEYS[FIRST_BUCKET_KEY + bucket]
        local hashes = hashes_of(list)
        if #list == 1 then
            doubled[list[1]] = redis.call('SADD', key, hashes[1]) == 0
        else
            for i, is_known in ipairs(redis.call('SMISMEMBER', key, unpack(hashes))) do
                doubled[list[i]] = is_known == 1
            end
            redis.call('SADD', key, unpack(hashes))
        end
    end
    return doubled
end

-- The name under which a provider is counted: the first 63 by their own, the rest together.
local function counted_as(provider)
    local values = redis.call('HMGET', HEADER, 's:' .. provider .. ':1', 'sites')
    if values[1] then
        return provider
    end
    if provider ~= 'other' then
        if tonumber(values[2]) >= SITES_MAX then
            return 'other'
        end
        redis.call('HINCRBY', HEADER, 'sites', 1)
    end
    return provider
end

local function row_bytes(state, due)
    return struct.pack('>BBBBBBI2BBBBI4', state, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, due)
end

-- @return accepted rows of the batch
local function add_batch(nth, first_row, doubled)
    local at = FIRST_BATCH_ARGUMENT + BATCH_ARGUMENTS * (nth - 1)
    local key = FIRST_BATCH_KEY + BATCH_KEYS * (nth - 1)
    local number, count, due = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 5])
    local pending, duplicate = row_bytes(PENDING, due), row_bytes(DUPLICATE, 0)
    local rows, open = {}, 0
    for i = 1, count do
        local is_doubled = doubled[first_row + i - 1]
        rows[i] = is_doubled and duplicate or pending
        open = open + (is_doubled and 0 or 1)
    end
    local site = counted_as(ARGV[at + 2])
    redis.call('HSET', KEYS[key], 'v', FORMAT, 'n', ARGV[at + 1], 'p', site, 'o', digits(open))
    if ARGV[at + 6] ~= '0' then
        redis.call('HSET', KEYS[key], 'x', ARGV[at + 6])
    end
    if ARGV[at + 7] ~= '' then
        redis.call('HSET', KEYS[key], 'g', ARGV[at + 7])
    end
    redis.call('SET', KEYS[key + 1], table.concat(rows))
    redis.call('SET', KEYS[key + 3], ARGV[at + 4])
    redis.call('HINCRBY', HEADER, 's:' .. site .. ':1', open)
    if count > open then
        redis.call('HINCRBY', HEADER, 's:' .. site .. ':9', count - open)
    end
    if open > 0 then
        redis.call('SET', KEYS[key + 2], ARGV[at + 3])
        redis.call('ZADD', DUE, ARGV[at + 5], number)
        redis.call('HINCRBY', HEADER, 'open', 1)
    end
    return open
end

local function sizes_are_right()
    local rows = 0
    for nth = 1, BATCH_COUNT do
        rows = rows + tonumber(ARGV[FIRST_BATCH_ARGUMENT + BATCH_ARGUMENTS * (nth - 1) + 1])
    end
    return rows == ROW_COUNT and #BUCKETS == 2 * ROW_COUNT and #DIGEST == 32
end

-- @return the answer, and how many rows of the first `canary` batches were accepted
local function add_chunk(canary)
    local accepted, first_row, doubled, at_first = 0, 1, enter_hashes(), 0
    for nth = 1, BATCH_COUNT do
        local at = FIRST_BATCH_ARGUMENT + BATCH_ARGUMENTS * (nth - 1)
        accepted = accepted + add_batch(nth, first_row, doubled)
        at_first = nth <= canary and accepted or at_first
        first_row = first_row + tonumber(ARGV[at + 1])
    end
    local duplicates = ROW_COUNT - accepted
    redis.call('HINCRBY', HEADER, 'accepted', accepted)
    redis.call('HINCRBY', HEADER, 'duplicates', duplicates)
    redis.call('HINCRBY', HEADER, 'rejected', REJECTED)
    redis.call('HINCRBY', HEADER, 'chunks', 1)
    redis.call('HINCRBY', HEADER, 'batches', BATCH_COUNT)
    redis.call('HINCRBY', HEADER, 'o1', accepted)
    redis.call('HINCRBY', HEADER, 'o9', duplicates)
    redis.call('HINCRBY', HEADER, 'g0', accepted)
    local marker = marker_of(accepted, duplicates)
    redis.call('HSET', CHUNKS, CHUNK, marker)
    redis.call('HSET', PARTS, 'm' .. CHUNK, ARGV[7])
    if ARGV[6] ~= '' then
        redis.call('HSET', PARTS, 'a' .. CHUNK, ARGV[6])
    end
    return {'ok', '0', marker, ARGV[6]}, at_first
end
