#!lua
-- Redis' wall clock: the only clock that scripts know. Numbers become text here, with all digits.
local TIME = redis.call('TIME')
local NOW_S = tonumber(TIME[1])
local NOW_US = NOW_S * 1000000 + tonumber(TIME[2])
local NOW_MS = math.floor(NOW_US / 1000)
local FORMAT = '1'

local function digits(number)
    return string.format('%.0f', number)
end

-- Epochs only help people to read logs: a holder is told apart by its session.
local function next_epoch(old)
    return digits(math.max(tonumber(old or '0') + 1, NOW_US))
end
