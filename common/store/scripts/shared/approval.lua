#!lua
-- Approval of a campaign: its author and who submitted it stand in the header, with how many must
-- approve, how many have, and until when; who did what stands beside it, the last 64 steps.
local APPROVAL = KEYS[5]
local STEPS_MAX = 64

-- @param record  who, what and why, packed by the caller; the time is ours
-- @param mark  what is answered when the same is asked again
local function note_step(record, mark)
    local nth = redis.call('HINCRBY', APPROVAL, 'n', 1)
    redis.call('HSET', APPROVAL, 'v', FORMAT, 'last', mark,
        'h' .. digits(nth), digits(NOW_MS) .. ' ' .. record)
    redis.call('HDEL', APPROVAL, 'h' .. digits(nth - STEPS_MAX))
end

-- Approvals and opened samples are of one submission.
local function forget_round()
    for _, name in ipairs(redis.call('HKEYS', APPROVAL)) do
        if string.find(name, '^[as]:') then
            redis.call('HDEL', APPROVAL, name)
        end
    end
    redis.call('HSET', HEADER, 'given', '0')
end
