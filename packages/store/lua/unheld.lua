#!lua flags=no-writes
-- unheld: the next events of a user that are neither acknowledged nor held, for the courier to take into custody.
--
-- KEYS  1 user hash, 2 log
-- ARGV  1 most events
-- Returns {held, acked, dhead, {offset, m, tail, ...}} with the entries after the later of acked and held; m is empty where an
-- entry has none, since it is not ours.
-- @include offset
-- @include state
local state = redis.call('HMGET', KEYS[1], 'held', 'acked', 'log')
local held, acked = state[1] or '0-0', state[2] or '0-0'
local _, dhead = state_of(state[3])
local entries = {}
for _, entry in ipairs(redis.call('XRANGE', KEYS[2], '(' .. later(held, acked), '+', 'COUNT', ARGV[1])) do
  entries[#entries + 1] = entry[1]
  entries[#entries + 1] = entry[2][4] or ''
  entries[#entries + 1] = entry[2][2]
end
return {held, acked, dhead, entries}
