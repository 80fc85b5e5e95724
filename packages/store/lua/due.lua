#!lua flags=no-writes
-- due: who waits for long enough, of many due indexes.
--
-- KEYS  due indexes; in a Cluster of one partition
-- ARGV  1 the latest score that counts, ms since 1970, 2 most users
-- Returns the place of the index, uid and score of each, longest waiting first within an index.
local latest, left = tonumber(ARGV[1]), tonumber(ARGV[2])
local reply = {}
for i, key in ipairs(KEYS) do
  -- Of most indexes the first is all that has to be asked.
  local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  if first[2] and tonumber(first[2]) <= latest then
    local flat = redis.call('ZRANGEBYSCORE', key, '-inf', ARGV[1], 'WITHSCORES', 'LIMIT', 0, left)
    for at = 1, #flat, 2 do
      reply[#reply + 1] = i
      reply[#reply + 1] = flat[at]
      reply[#reply + 1] = flat[at + 1]
    end
    left = left - #flat / 2
    if left == 0 then break end
  end
end
return reply
