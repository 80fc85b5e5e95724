#!lua flags=no-writes
-- heads: where many users stand, in one call.
--
-- KEYS  user hashes; in a Cluster of one partition
-- Returns {head, number of undelivered events, head, number, ...}; "0-0" and 0 for a user nobody published to.
-- @include state
local reply = {}
for i, key in ipairs(KEYS) do
  local state = redis.call('HMGET', key, 'log', 'an', 'xn')
  local head, _, _, n = state_of(state[1])
  reply[i * 2 - 1] = head
  reply[i * 2] = n - (state[2] or 0) - (state[3] or 0)
end
return reply
