#!lua flags=allow-oom
-- The counter that names a coordinator's events goes on far behind those that were lost: readers
-- may know their names.
-- KEYS: header. ARGV: how far
local HEADER = KEYS[1]
if redis.call('HGET', HEADER, 'v') ~= '1' then
    return {'gone'}
end
redis.call('HINCRBY', HEADER, 'ev', ARGV[1])
return {'ok'}
