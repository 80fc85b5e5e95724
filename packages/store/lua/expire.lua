#!lua flags=allow-oom
-- expire: replaces a parcel by a tombstone once its events are dead letters (P3, P10).
--
-- KEYS  1 user hash, 2 log, 3 parcel list
-- ARGV  1 the parcel's list entry, 2 from, 3 to, 4 reason, 5 count, 6 bytes, 7.. offsets of the events
-- Returns 1, or 0 if no list names the parcel any more (acknowledged meanwhile, or done before).
-- Neighbouring tombstones of one reason become one, so that a departed user's list stays short.
-- @include offset
local at = redis.call('LPOS', KEYS[3], ARGV[1])
if not at then return 0 end
local from, to, reason, count, bytes = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local total_n, total_b = string.match(ARGV[1], '(%d+) (%d+)$')

-- What was acknowledged inside the parcel is acknowledged, not expired: the tombstone stands for the rest.
local state = redis.call('HMGET', KEYS[1], 'an', 'ab', 'acked')
local acked = state[3] or '0-0'
from = later(from, acked)
count = math.min(count, tonumber(total_n) - tonumber(state[1] or 0))
bytes = math.min(bytes, tonumber(total_b) - tonumber(state[2] or 0))
redis.call('HINCRBY', KEYS[1], 'xn', count)
redis.call('HINCRBY', KEYS[1], 'xb', bytes)

local function tombstone(position)
  local entry = position >= 0 and redis.call('LINDEX', KEYS[3], position) or ''
  local t_from, t_to, t_reason, t_count, t_bytes, n, b = string.match(entry, '^t (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+)$')
  if t_reason ~= reason then return {} end
  return {entry = entry, from = t_from, to = t_to, count = t_count, bytes = t_bytes, n = n, b = b}
end
local previous, following = tombstone(at - 1), tombstone(at + 1)
if following.from == to then
  redis.call('LREM', KEYS[3], 1, following.entry)
  to, total_n, total_b = following.to, following.n, following.b
  count, bytes = count + following.count, bytes + following.bytes
end
if previous.to == from then
  redis.call('LREM', KEYS[3], 1, previous.entry)
  at, from = at - 1, previous.from
  count, bytes = count + previous.count, bytes + previous.bytes
end
redis.call('LSET', KEYS[3], at, string.format('t %s %s %s %.0f %.0f %s %s', from, to, reason, count, bytes, total_n, total_b))
for i = 7, #ARGV do
  if before(acked, ARGV[i]) then redis.call('XDEL', KEYS[2], ARGV[i]) end
end
return 1
