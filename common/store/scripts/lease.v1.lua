#!lua flags=allow-oom
-- include: clock
-- A lease: take, renew, release. It lives while its beat changes; no clock and no expiry end it.
-- KEYS: lease
-- ARGV: what, session, epoch, is session, then for take: holder seen ('': free), its beat
local LEASE = KEYS[1]
local what, session, epoch, is_session = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'
local TAKEN_KEPT_S = '86400'
local values = redis.call('HMGET', LEASE, 's', 'e', 'b', 'k')
local holder, known_epoch, beat = values[1] or '', values[2] or '0', values[3] or '0'
local is_taken = values[4] == 't'

local function take()
    local seen, seen_beat = ARGV[5], ARGV[6]
    local takes_over = is_session and seen ~= ''
    if holder == session and is_taken == takes_over then
        return {'ok', known_epoch}
    end
    if is_taken or (holder ~= '' and seen == '') then
        return {'stale'}
    end
    if seen ~= '' and (holder ~= seen or known_epoch ~= epoch or beat ~= seen_beat) then
        return {'stale'}
    end
    local new_epoch = next_epoch(known_epoch)
    redis.call('HSET', LEASE, 's', session, 'e', new_epoch, 'b', '0', 'k', takes_over and 't' or '')
    if takes_over then
        redis.call('EXPIRE', LEASE, TAKEN_KEPT_S)
    end
    return {'ok', new_epoch}
end

local function renew()
    redis.call('HINCRBY', LEASE, 'b', 1)
    return {'ok', epoch}
end

local function release()
    if is_session then
        redis.call('DEL', LEASE)
    else
        redis.call('HSET', LEASE, 's', '', 'b', '0')
    end
    return {'ok', epoch}
end

if what == 'take' then
    return take()
end
if holder ~= session or known_epoch ~= epoch or is_taken then
    return {'stale'}
end
return what == 'renew' and renew() or release()
