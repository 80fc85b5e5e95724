#!lua flags=allow-oom
-- escalated: notes which events were escalated, for receipts, until an ack passes the last of them.
--
-- KEYS  1 user hash, 2 escalated events
-- ARGV  offsets, in their order
-- Returns how many were noted for the first time. What the user hash does not know is not noted.
-- allow-oom: what was told elsewhere shall not be told again because nobody could write it down.
-- @include offset
-- @include state
local EVENTS = 10000
local state = redis.call('HMGET', KEYS[1], 'acked', 'log', 'esc')
if state_of(state[2]) == '0-0' then return 0 end
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local noted, last = 0, state[3] or '0-0'
if redis.call('HLEN', KEYS[2]) > EVENTS then redis.call('DEL', KEYS[2]) end
for _, offset in ipairs(ARGV) do
  if before(state[1] or '0-0', offset) then
    noted = noted + redis.call('HSETNX', KEYS[2], offset, now)
    last = later(last, offset)
  end
end
if last ~= '0-0' then
  redis.call('HSET', KEYS[1], 'esc', last)
  local keys_until = redis.call('PEXPIRETIME', KEYS[1])
  if keys_until > 0 then redis.call('PEXPIREAT', KEYS[2], keys_until) end
end
return noted
