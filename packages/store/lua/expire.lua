#!lua flags=allow-oom
-- expire: replaces a parcel by a tombstone once its events are dead letters (P3, P10).
--
-- KEYS  1 user hash, 2 log, 3 parcel list
-- ARGV  1 the parcel's list entry, 2 from, 3 to, 4 reason, 5 count, 6 bytes, 7.. offsets of the events
-- Returns 1, or 0 if no list names the parcel any more (acknowledged meanwhile, or done before).
-- Neighbouring tombstones of one reason become one, so that a departed user's list stays short.
local at = redis.call('LPOS', KEYS[3], ARGV[1])
if not at then return 0 end
local from, count = ARGV[2], tonumber(ARGV[5])
if at > 0 then
  local previous = redis.call('LINDEX', KEYS[3], at - 1)
  local p_from, p_to, p_reason, p_count = string.match(previous, '^t (%S+) (%S+) (%S+) (%S+)$')
  if p_to == from and p_reason == ARGV[4] then
    from, count = p_from, count + tonumber(p_count)
    redis.call('LREM', KEYS[3], 1, previous)
    at = at - 1
  end
end
redis.call('LSET', KEYS[3], at, string.format('t %s %s %s %.0f', from, ARGV[3], ARGV[4], count))
redis.call('XDEL', KEYS[2], unpack(ARGV, 7))
redis.call('HINCRBY', KEYS[1], 'an', ARGV[5])
redis.call('HINCRBY', KEYS[1], 'ab', ARGV[6])
return 1
