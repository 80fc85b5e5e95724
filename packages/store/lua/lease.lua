#!lua flags=allow-oom
-- lease: renews a gateway's lease by Redis' own clock, and forgets gateways that are long gone.
--
-- KEYS  1 index of gateways
-- ARGV  1 gateway id, 2 ms the lease lives; 0 gives it back
local FORGET_MS = 3600000
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[2] == '0' then
  redis.call('ZREM', KEYS[1], ARGV[1])
else
  redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - FORGET_MS)
end
return 1
