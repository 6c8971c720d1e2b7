#!lua
-- include: clock
-- An operator changes the warm-up of a sending IP, whoever holds it: of one site, or of all that is
-- known of it and of what comes ('*'). The holder finds another change number with its next call
-- and reads the states anew. What was sent today stays counted.
-- KEYS: states
-- ARGV: what (set, reset, freeze, unfreeze), site ('': the IP), stage, most sites
local STATES = KEYS[1]
local what, site, stage, most = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
-- common/policy/warmup.h: format, stage, verdict, frozen, day, sent day, used, what was seen.
local STATE_SIZE, SEEN_SIZE, FIELDS_AT_ONCE = 37, 20, 500
local NEW = string.char(1) .. string.rep('\0', STATE_SIZE - 1)

local function changed(state)
    if #state ~= STATE_SIZE or string.byte(state) ~= 1 or what == 'reset' then
        state = NEW
    end
    if what == 'set' then
        return string.char(1) .. struct.pack('>I2', stage) .. '\0'
            .. string.sub(state, 5, STATE_SIZE - SEEN_SIZE) .. string.rep('\0', SEEN_SIZE)
    end
    if what == 'freeze' or what == 'unfreeze' then
        return string.sub(state, 1, 4) .. (what == 'freeze' and '\1' or '\0') .. string.sub(state, 6)
    end
    return state
end

local fields = {}
if site == '' then
    local stored, has_own = redis.call('HGETALL', STATES), false
    for i = 1, #stored, 2 do
        if string.sub(stored[i], 1, 1) ~= '#' then
            has_own = has_own or stored[i] == '*'
            fields[#fields + 1] = stored[i]
            fields[#fields + 1] = changed(stored[i + 1])
        end
    end
    if not has_own then
        fields[#fields + 1] = '*'
        fields[#fields + 1] = changed(NEW)
    end
else
    local state = redis.call('HGET', STATES, site)
    if not state and redis.call('HLEN', STATES) >= most then
        return {'full'}
    end
    -- A site of which nothing is known is what all that come are.
    state = state or redis.call('HGET', STATES, '*') or NEW
    fields[1], fields[2] = site, changed(state)
end
for i = 1, #fields, FIELDS_AT_ONCE do
    redis.call('HSET', STATES, unpack(fields, i, math.min(i + FIELDS_AT_ONCE - 1, #fields)))
end
redis.call('HSET', STATES, '#n', digits(NOW_US))
return {'ok', #fields / 2}
