#!lua flags=no-writes
-- known: whether a log has, or had and let go, an event that it once took.
--
-- KEYS  1 user hash, 2 log
-- ARGV  1 offset of the event, 2 ms that keys live at least
-- Returns 1, or 0 where the event is not of this log. What is older than its keys may be gone by rights.
-- @include offset
local time = redis.call('TIME')
if parts(ARGV[1]) < time[1] * 1000 - tonumber(ARGV[2]) then return 1 end
if not before(redis.call('HGET', KEYS[1], 'trimmed') or '0-0', ARGV[1]) then return 1 end
return #redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[1])
