#!lua
-- hold: commits custody, by compare-and-set on `held`, of exactly what the courier read and stored (P3, P5).
--
-- KEYS  1 user hash, 2 log, 3 due index, 4 parcel list
-- ARGV  1 held as the courier read it, 2 held from now on: the last offset of that read, 3 parcel list entry ("" if the
--       read had nothing to hold), 4 uid, 5 log: events kept, 6 log: ms kept, 7 ms the parcel list lives at least
-- Returns "held", "acked" (all of it was acknowledged meanwhile) or "conflict" (another courier was first).
-- Not allow-oom: custody takes memory. What is not held stays in the log.
-- @include offset
-- @include state
-- @include not_due
-- @include trim
local state = redis.call('HMGET', KEYS[1], 'held', 'acked', 'log')
local held, acked = state[1] or '0-0', state[2] or '0-0'
local head, dhead, count = state_of(state[3])
if held ~= ARGV[1] or head == '0-0' then return 'conflict' end
if not before(acked, ARGV[2]) then return 'acked' end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[3] ~= '' then
  redis.call('RPUSH', KEYS[4], ARGV[3])
  -- The hash that knows the list and the list itself leave together, after every parcel's deadline.
  local keep_until = math.max(now + tonumber(ARGV[7]), redis.call('PEXPIRETIME', KEYS[1]))
  redis.call('PEXPIREAT', KEYS[4], string.format('%.0f', keep_until))
  redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', keep_until))
end
redis.call('HSET', KEYS[1], 'held', ARGV[2])
local settled = ARGV[2]
if not before(settled, dhead) then
  settled = head
  redis.call('ZREM', KEYS[3], ARGV[4])
  redis.call('HSET', KEYS[1], 'log', not_due(state[3]))
end
local trimmed = trim(KEYS[2], head, settled, tonumber(count), tonumber(ARGV[5]), now - tonumber(ARGV[6]))
if trimmed then redis.call('HSET', KEYS[1], 'trimmed', trimmed) end
return 'held'
