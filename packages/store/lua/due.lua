#!lua flags=no-writes
-- due: who waits for long enough, of many due indexes.
--
-- KEYS  due indexes; in a Cluster of one partition
-- ARGV  1 the latest score that counts, ms since 1970, 2 most users
-- Returns uid and score of each, longest waiting first within an index, and the least score of each index ("" if it is empty),
-- up to the one at which there were most users.
local latest, left = tonumber(ARGV[1]), tonumber(ARGV[2])
local users, firsts = {}, {}
for i, key in ipairs(KEYS) do
  -- Of most indexes the first is all that has to be asked.
  local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  firsts[i] = first[2] or ''
  if first[2] and tonumber(first[2]) <= latest then
    local flat = redis.call('ZRANGEBYSCORE', key, '-inf', ARGV[1], 'WITHSCORES', 'LIMIT', 0, left)
    for _, value in ipairs(flat) do users[#users + 1] = value end
    left = left - #flat / 2
    if left == 0 then break end
  end
end
return {users, firsts}
