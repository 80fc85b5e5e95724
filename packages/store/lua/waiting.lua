#!lua flags=no-writes
-- waiting: how many users wait outside parcels, and who for longest.
--
-- KEYS  due indexes; in a Cluster of one partition
-- Returns the number of users and the lowest score; the score is empty where nobody waits.
local users, lowest = 0, nil
for _, key in ipairs(KEYS) do
  local count = redis.call('ZCARD', key)
  if count > 0 then
    users = users + count
    local score = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]
    if not lowest or tonumber(score) < tonumber(lowest) then lowest = score end
  end
end
return {users, lowest or ''}
