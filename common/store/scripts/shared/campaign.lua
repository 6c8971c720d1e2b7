#!lua
-- The campaign's header and its keys, in the order that all scripts on batches and states share.
local HEADER, EVENTS, GENERATION, ACTIVE = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

local function read_campaign()
    local values = redis.call('HMGET', HEADER, 'v', 'state', 'word', 'expires', 'hold', 'container',
        'closed', 'open', 'scheduled', 'accepted', 'in_flight', 'resolve_s', 'resolve_as', 'quarantine')
    if values[1] ~= FORMAT then
        return nil
    end
    return {
        state = tonumber(values[2]), word = values[3], expires = tonumber(values[4]),
        is_hold = values[5] == '1', is_container = values[6] == '1', is_closed = values[7] == '1',
        open = tonumber(values[8]), scheduled = tonumber(values[9]),
        accepted = tonumber(values[10]), in_flight = tonumber(values[11]),
        resolve_s = tonumber(values[12] or '86400'), resolve_as = tonumber(values[13] or '1'),
        is_quarantined = values[14] ~= nil and values[14] ~= false,
    }
end
