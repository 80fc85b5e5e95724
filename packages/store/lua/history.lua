#!lua flags=allow-oom
-- history: keeps which lines of writes (replication ids of masters) this hub has seen, and since when each may lack writes.
--
-- KEYS  1 hash of histories, also the channel on which a change is told
-- ARGV  1 when the hash was made as far as the caller knows ("" if it does not), 2.. three per master: its replication id, "1" if it was promoted,
--       "1" if writes to it are seen to be lost
-- Returns when the hash was made, then for each id the time since which it may lack writes, ms by Redis' clock; 0 for one
-- that lacks nothing.
-- The first ids of a hub lack nothing. A new id may lack writes if it was promoted, since replication is asynchronous; any id
-- does once somebody sees it; all do where the hash itself was lost. A line lacks what any line before it lacked: a restart
-- begins a new one, and who was away has still to be told.
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local born = redis.call('HGET', KEYS[1], 'born')
local is_first = not born
if is_first then
  born = now
  redis.call('HSET', KEYS[1], 'born', born)
end
local is_gone = ARGV[1] ~= '' and ARGV[1] ~= born
local latest = '0'
for _, value in ipairs(redis.call('HVALS', KEYS[1])) do
  local since = string.match(value, '^(%d+) ')
  if since and tonumber(since) > tonumber(latest) then latest = since end
end
local reply, is_told = {born}, false
for i = 2, #ARGV, 3 do
  -- "<since> <1 if that is a loss of this line, told once; 0 if it began with what others lacked>".
  local since, own = string.match(redis.call('HGET', KEYS[1], ARGV[i]) or '', '^(%d+) (%d)$')
  local is_promoted = not since and not is_first and ARGV[i + 1] == '1'
  if own ~= '1' and (is_gone or is_promoted or ARGV[i + 2] == '1') then
    since, is_told = now, true
    redis.call('HSET', KEYS[1], ARGV[i], now .. ' 1')
  elseif not since then
    since = latest
    redis.call('HSET', KEYS[1], ARGV[i], latest .. ' 0')
  end
  reply[#reply + 1] = since
end
if is_told then redis.call('SPUBLISH', KEYS[1], now) end
return reply
