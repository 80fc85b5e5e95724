#!lua
-- webpush: keeps a Web Push subscription of a user.
--
-- KEYS  1 subscriptions of the user
-- ARGV  1 digest of the endpoint, 2 the subscription (JSON object text), 3 most subscriptions, 4 ms the key lives from now on
-- One that is known is kept anew; where there are as many as may be, a new one takes the place of the oldest.
-- Not allow-oom: when memory is full a subscription is refused, and the browser's next try brings it.
local SINCE = '^{"sinceMs":(%d+),'
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then
  local oldest, oldest_ms
  local all = redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    local ms = tonumber(string.match(all[i + 1], SINCE)) or 0
    if not oldest or ms < oldest_ms then oldest, oldest_ms = all[i], ms end
  end
  redis.call('HDEL', KEYS[1], oldest)
end
redis.call('HSET', KEYS[1], ARGV[1], '{"sinceMs":' .. now .. ',' .. string.sub(ARGV[2], 2))
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
