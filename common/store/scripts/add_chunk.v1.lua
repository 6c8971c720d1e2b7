#!lua
-- include: clock chunk
-- Add a chunk to a draft. KEYS and ARGV: shared/chunk.lua, then how many of its first batches are
-- the canary
local values = redis.call('HMGET', HEADER, 'v', 'state')
if values[1] ~= FORMAT then
    return {'gone'}
end
local known = answer_known()
if known then
    return known
end
if tonumber(values[2]) ~= STATE_DRAFT then
    return {'state'}
end
if not sizes_are_right() then
    return {'bad'}
end
if REFUSES and has_duplicates() then
    return {'double'}
end
local canary = tonumber(ARGV[#ARGV])
local answer, canary_rows = add_chunk(canary)
if canary > 0 then
    redis.call('HSET', HEADER, 'canary_batches', digits(canary), 'canary_rows', digits(canary_rows))
end
return answer
