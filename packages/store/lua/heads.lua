#!lua flags=no-writes
-- heads: where many users stand, in one call.
--
-- KEYS  user hashes; in a Cluster of one partition
-- Returns {head, number of undelivered events, head, number, ...}; "0-0" and 0 for a user nobody published to.
local reply = {}
for i, key in ipairs(KEYS) do
  local state = redis.call('HMGET', key, 'head', 'n', 'an', 'xn')
  reply[i * 2 - 1] = state[1] or '0-0'
  reply[i * 2] = tonumber(state[2] or 0) - tonumber(state[3] or 0) - tonumber(state[4] or 0)
end
return reply
