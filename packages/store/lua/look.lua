#!lua flags=allow-oom
-- look: what is to become of users that a due index named; who need not be held yet is put off in the same step.
--
-- KEYS  for each user: user hash, log, due index, connections; in a Cluster all of one partition
-- ARGV  1 grace period ms, 2 ms until the next look at a user who is connected, 3 age ms of the oldest event at which being
--       connected no longer counts, 4 number of gateways whose lease lives, the ids of those, then for each user: uid
-- Returns for each user an outcome, and "1" where litter is to be cleared:
--   settled  nothing waits outside parcels; taken off the index
--   young    the oldest waiting event is younger than the grace period: comes again when it is not
--   live     a socket is up, and that event is not yet old
--   overdue  to be held
--   failed   what Redis said follows after a space
-- allow-oom: it makes nothing new.
-- @include offset
-- @include state
-- @include not_due
-- The most entries in which a durable event is looked for; behind so many of the stream class the event counts as old.
local MOST_ENTRIES = 200
local call = redis.call
local grace, pause, live_hold = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local first_uid = 5 + ARGV[4]
local is_live_gateway = {}
for at = 5, first_uid - 1 do is_live_gateway[ARGV[at]] = true end

-- When the first durable event after an offset was logged; long ago where the search ends without one.
local function durable_since(log, from)
  for _, count in ipairs({1, MOST_ENTRIES}) do
    for _, entry in ipairs(call('XRANGE', log, '(' .. from, '+', 'COUNT', count)) do
      local class = string.match(entry[2][4] or '', '^%S+ %S+ %S+ %S+ (%S+)')
      if class == 'd' then
        local ms = parts(entry[1])
        return ms
      end
    end
  end
  return 0
end

local function is_connected(connections)
  for _, note in ipairs(call('HVALS', connections)) do
    if is_live_gateway[string.match(note, '^%S+')] then return true end
  end
  return false
end

local function look(user, log, due, connections, uid, state)
  local from = later(state[1] or '0-0', state[2] or '0-0')
  local _, dhead = state_of(state[3])
  if not before(from, dhead) then
    -- The index outlived what it names.
    call('ZREM', due, uid)
    if state[3] then call('HSET', user, 'log', not_due(state[3])) end
    return 'settled'
  end
  -- To look again at a time is to write that time less the grace period.
  local since = durable_since(log, from)
  if since + grace > now then
    call('ZADD', due, 'XX', since, uid)
    return 'young'
  end
  local hold_at = since + live_hold
  if now < hold_at and is_connected(connections) then
    call('ZADD', due, 'XX', string.format('%.0f', math.min(now + pause, hold_at) - grace), uid)
    return 'live'
  end
  return 'overdue'
end

local reply = {}
for i = 1, #KEYS / 4 do
  local user, log, due, connections = unpack(KEYS, i * 4 - 3, i * 4)
  local is_done, outcome, litter = pcall(function()
    local state = call('HMGET', user, 'held', 'acked', 'log', 'litter')
    return look(user, log, due, connections, ARGV[first_uid + i - 1], state), state[4] or ''
  end)
  reply[#reply + 1] = is_done and outcome or 'failed ' .. tostring(type(outcome) == 'table' and outcome.err or outcome)
  reply[#reply + 1] = litter or ''
end
return reply
