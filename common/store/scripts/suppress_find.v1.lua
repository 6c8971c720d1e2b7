#!lua flags=no-writes
-- include: clock
-- Which of these addresses stand on the list of all streams, or on that of one stream? Answers the
-- number of the last change besides: what changes later stands in the log behind it.
-- KEYS: book, then the buckets: of each address on the list of all, then of each on the other one
-- ARGV: stream (empty: the list of all alone), hashes of 16 bytes
local BOOK, stream, hashes = KEYS[1], ARGV[1], ARGV[2]
local HASH = 16
local count = #hashes / HASH
local book = redis.call('HMGET', BOOK, 'v', 'n', 's*', 's' .. stream)
if book[1] and book[1] ~= FORMAT then
    return {'bad'}
end
local found = {'ok', book[2] or '0'}

local function look(first, nth)
    for i = 1, count do
        local field = string.sub(hashes, (i - 1) * HASH + 2, i * HASH)
        local value = redis.call('HGET', KEYS[first + i], field)
        if value then
            found[#found + 1] = digits(i - 1)
            found[#found + 1] = nth
            found[#found + 1] = value
        end
    end
end

if book[3] then
    look(1, '0')
end
if stream ~= '' and book[4] then
    look(1 + count, '1')
end
return found
