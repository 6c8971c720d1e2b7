#!lua flags=no-writes
-- include: clock
-- The entries of some buckets of a suppression list, in order; whole buckets, until there are enough.
-- KEYS: buckets
-- ARGV: how many entries are enough
local enough = tonumber(ARGV[1])
local found, entries, done = {'ok', '0'}, 0, 0
for i = 1, #KEYS do
    local values = redis.call('HGETALL', KEYS[i])
    for at = 1, #values, 2 do
        found[#found + 1] = digits(i - 1)
        found[#found + 1] = values[at]
        found[#found + 1] = values[at + 1]
        entries = entries + 1
    end
    done = i
    if entries >= enough then
        break
    end
end
found[2] = digits(done)
return found
