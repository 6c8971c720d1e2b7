#!lua
-- A chunk of rows enters its campaign: batches, rows, counters and marker, all or nothing.
-- KEYS: header, chunks, parts, due, then h, r, b, f of each batch, then the duplicate buckets
-- ARGV: chunk, digest, rejected, looks up, refuses, answer, map, batches, rows,
--       bucket of each row (u16: nth bucket key, 0xffff: duplicate inside the chunk), then of each
--       batch: number, rows, provider, recipients, refs, due s, expires ms; then the hashes
local HEADER, CHUNKS, PARTS, DUE = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local CHUNK, DIGEST, REJECTED = ARGV[1], ARGV[2], tonumber(ARGV[3])
local LOOKS_UP, REFUSES = ARGV[4] == '1', ARGV[5] == '1'
local BATCH_COUNT, ROW_COUNT, BUCKETS = tonumber(ARGV[8]), tonumber(ARGV[9]), ARGV[10]
local FIRST_BATCH_KEY, BATCH_KEYS, BATCH_ARGUMENTS = 5, 4, 7
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

-- REFUSE: does any row have a duplicate?
local function has_duplicates()
    for row = 1, ROW_COUNT do
        local bucket = bucket_of(row)
        if bucket == IN_CHUNK then
            return true
        end
        if LOOKS_UP and redis.call('SISMEMBER', KEYS[FIRST_BUCKET_KEY + bucket],
            ARGV[FIRST_HASH + row - 1]) == 1 then
            return true
        end
    end
    return false
end

local function is_duplicate(row)
    local bucket = bucket_of(row)
    if bucket == IN_CHUNK then
        return true
    end
    return LOOKS_UP and redis.call('SADD', KEYS[FIRST_BUCKET_KEY + bucket],
        ARGV[FIRST_HASH + row - 1]) == 0
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
local function add_batch(nth, first_row)
    local at = FIRST_BATCH_ARGUMENT + BATCH_ARGUMENTS * (nth - 1)
    local key = FIRST_BATCH_KEY + BATCH_KEYS * (nth - 1)
    local number, count, due = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 5])
    local pending, duplicate = row_bytes(PENDING, due), row_bytes(DUPLICATE, 0)
    local rows, open = {}, 0
    for i = 1, count do
        local doubled = is_duplicate(first_row + i - 1)
        rows[i] = doubled and duplicate or pending
        open = open + (doubled and 0 or 1)
    end
    local site = counted_as(ARGV[at + 2])
    redis.call('HSET', KEYS[key], 'v', FORMAT, 'n', ARGV[at + 1], 'p', site, 'o', digits(open))
    if ARGV[at + 6] ~= '0' then
        redis.call('HSET', KEYS[key], 'x', ARGV[at + 6])
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

local function add_chunk()
    local accepted, first_row = 0, 1
    for nth = 1, BATCH_COUNT do
        local at = FIRST_BATCH_ARGUMENT + BATCH_ARGUMENTS * (nth - 1)
        accepted = accepted + add_batch(nth, first_row)
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
    return {'ok', '0', marker, ARGV[6]}
end
