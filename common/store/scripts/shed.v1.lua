#!lua flags=allow-oom
-- include: clock
-- A campaign has shrunk by one step: note it, and free what goes as a whole. Duplicate buckets,
-- answers and batches were freed piece by piece before. Steps only rise; repeated, nothing changes.
-- The last step leaves a stub: the header without keys, so that the same idempotency key revives
-- nothing; Redis removes it after its time.
-- KEYS: header, all, content, chunks, parts, due, approval. ARGV: id, step, seconds that the stub lives
local HEADER, ALL, CONTENT = KEYS[1], KEYS[2], KEYS[3]
local CHUNKS, PARTS, DUE, APPROVAL = KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local SHED_DUPLICATES, SHED_ROWS, SHED_CONTENT = 1, 4, 5 -- enum store_shed
local ID, STEP, STUB_S = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local values = redis.call('HMGET', HEADER, 'v', 'state', 'shed', 'open')
if values[1] ~= FORMAT then
    return {'gone'}
end
local state, shed, open = tonumber(values[2]), tonumber(values[3] or '0'), tonumber(values[4])
local has_ended = open == 0 and (state == STATE_COMPLETED or state == STATE_CANCELLED)
if shed >= STEP then
    return {'ok', '0'}
end
-- A rejected one is a DRAFT again, and may be given more recipients.
if state == STATE_DRAFT or state == STATE_AWAITING_APPROVAL or (STEP > SHED_DUPLICATES and not has_ended) then
    return {'state'}
end

-- Sub-totals by provider and gate: nobody asks for them without rows.
local function drop_subtotals()
    local names = {'key', 'sites', 'next_chunk'}
    for _, name in ipairs(redis.call('HKEYS', HEADER)) do
        if string.find(name, '^s:') or string.find(name, '^[gb]%d') then
            names[#names + 1] = name
        end
    end
    redis.call('HDEL', HEADER, unpack(names))
end

if STEP == SHED_ROWS then
    redis.call('UNLINK', CHUNKS, PARTS, DUE)
elseif STEP == SHED_CONTENT then
    if shed < SHED_ROWS then
        return {'state'}
    end
    redis.call('UNLINK', CONTENT, APPROVAL)
    drop_subtotals()
    redis.call('ZREM', ALL, ID)
    redis.call('EXPIRE', HEADER, STUB_S)
end
redis.call('HSET', HEADER, 'shed', digits(STEP))
return {'ok', '1'}
