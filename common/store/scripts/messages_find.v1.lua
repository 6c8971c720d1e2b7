#!lua flags=no-writes,allow-oom
-- What is remembered of message keys.
-- KEYS: of each message its bucket of 5 days (tomorrow's first: clocks differ)
-- ARGV: hash of each
local DAYS = 5
local found = {}
for nth = 1, #ARGV do
    found[nth] = ''
    for day = 0, DAYS - 1 do
        local record = redis.call('HGET', KEYS[DAYS * (nth - 1) + day + 1], ARGV[nth])
        if record then
            found[nth] = record
            break
        end
    end
end
return {'ok', found}
