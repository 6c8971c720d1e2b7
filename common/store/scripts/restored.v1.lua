#!lua flags=allow-oom
-- The mark of a store that was loaded from a backup.
-- KEYS: mark
-- ARGV: 'decide', backup, assume, keeps drafts, lost ms; or 'finish', partition
local MARK, PARTITIONS = KEYS[1], 64
local known = redis.call('HMGET', MARK, 'v', 's', 'id', 'assume', 'drafts', 'lost')
local state = known[2]
if known[1] ~= '1' then
    return {'gone'}
end

local function decide()
    if known[3] ~= ARGV[2] then
        return {'state'}
    end
    if state == 'decided' then
        local is_same = known[4] == ARGV[3] and known[5] == ARGV[4] and known[6] == ARGV[5]
        return {is_same and 'ok' or 'state'}
    end
    if state ~= 'waiting' then
        return {'state'}
    end
    redis.call('HSET', MARK, 's', 'decided', 'assume', ARGV[3], 'drafts', ARGV[4], 'lost', ARGV[5])
    return {'ok'}
end

local function finish()
    if state ~= 'decided' then
        return {'state'}
    end
    redis.call('HSET', MARK, ARGV[2], '1')
    for partition = 0, PARTITIONS - 1 do
        if redis.call('HEXISTS', MARK, string.format('p%02d', partition)) == 0 then
            return {'ok'}
        end
    end
    redis.call('DEL', MARK)
    return {'ok'}
end

return ARGV[1] == 'decide' and decide() or finish()
