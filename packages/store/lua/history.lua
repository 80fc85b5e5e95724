#!lua flags=allow-oom
-- history: keeps which lines of writes (replication ids of masters) this hub has seen, and since when each may lack writes.
--
-- KEYS  1 hash of histories
-- ARGV  1 "1" if writes are seen to be lost, 2.. two per master: its replication id, and "1" if it was promoted
-- Returns for each id the time it was found to lack writes, ms by Redis' clock; 0 for one that lacks nothing.
-- The first ids of a hub lack nothing. A new id may lack writes if it was promoted, since replication is asynchronous; any id
-- does once somebody sees it.
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local is_first = redis.call('EXISTS', KEYS[1]) == 0
local is_seen = ARGV[1] == '1'
local reply = {}
for i = 2, #ARGV, 2 do
  local known = redis.call('HGET', KEYS[1], ARGV[i])
  local lacks = is_seen or (not known and ARGV[i + 1] == '1')
  if not known or (lacks and known == '0') then
    known = lacks and not is_first and now or '0'
    redis.call('HSET', KEYS[1], ARGV[i], known)
  end
  reply[#reply + 1] = known
end
return reply
