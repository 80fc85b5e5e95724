#!lua flags=no-writes
-- due: in which of many due indexes somebody waits for long enough.
--
-- KEYS  due indexes; in a Cluster of one partition
-- ARGV  1 the latest score that counts, ms since 1970
-- Returns for each 1 or 0.
local latest = tonumber(ARGV[1])
local reply = {}
for i, key in ipairs(KEYS) do
  local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  reply[i] = first[2] and tonumber(first[2]) <= latest and 1 or 0
end
return reply
