#!lua flags=allow-oom
-- floor: keeps new offsets of a user above what clients were sent, after a failover that lost it, and above a mark they
-- are told of.
--
-- KEYS  1 user hash
-- ARGV  1 offset that the hub itself sent or made, 2 how far beyond Redis' clock it may lie, ms
-- Returns 1 if the floor was raised. Offsets further ahead are no promise to keep: they would push the user's log away
-- from the clock for good. A hash that holds nothing but a floor goes once the clock has passed it.
-- @include offset
-- @include state
local ms = parts(ARGV[1])
local time = redis.call('TIME')
if ms > time[1] * 1000 + time[2] / 1000 + tonumber(ARGV[2]) then return 0 end
local head, dhead, c, n, b, due, floor = state_of(redis.call('HGET', KEYS[1], 'log'))
if not before(floor == '' and head or later(head, floor), ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'log', table.concat({head, dhead, c, n, b, due, ARGV[1]}, ' '))
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], 2 * ARGV[2]) end
return 1
