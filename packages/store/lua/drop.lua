#!lua flags=allow-oom
-- drop: makes room in a full mailbox by letting its oldest undelivered events go (policy drop_oldest); each place keeps a
-- tombstone, from which a client learns of the gap (P8, P10).
--
-- KEYS  1 user hash, 2 log, 3 due index, 4 parcel list, 5 litter: job ids of parcels that nobody needs any more
-- ARGV  1 most undelivered events that may stay, 2 most undelivered bytes, 3 reason for the tombstones, 4 uid
-- Returns {events, bytes} let go. Parcels go whole and first, then events outside them.
-- @include offset
-- @include state
-- @include not_due
local PAGE = 100
local user, log, parcels = KEYS[1], KEYS[2], KEYS[4]
local state = redis.call('HMGET', user, 'log', 'held', 'an', 'ab', 'xn', 'xb', 'acked')
local _, dhead, _, n_text, b_text = state_of(state[1])
local function number(i) return tonumber(state[i] or 0) end
local waiting = n_text - number(3) - number(5)
local waiting_bytes = b_text - number(4) - number(6)
local held, acked = state[2] or '0-0', state[7] or '0-0'
local reason = ARGV[3]
local gone, gone_bytes = 0, 0

local function is_full()
  return waiting - gone > tonumber(ARGV[1]) or waiting_bytes - gone_bytes > tonumber(ARGV[2])
end

-- Puts a tombstone at a place of the list (-1: its end), joined with one of the same reason right before it.
local function bury(at, from, to, count, bytes, total_n, total_b)
  local before_it = redis.call('LINDEX', parcels, at == -1 and -1 or at - 1)
  local t_from, t_to, t_count, t_bytes
  if before_it and (at == -1 or at > 0) then
    t_from, t_to, t_count, t_bytes = string.match(before_it, '^t (%S+) (%S+) ' .. reason .. ' (%S+) (%S+)')
  end
  local is_joined = t_to == from
  if is_joined then from, count, bytes = t_from, count + t_count, bytes + t_bytes end
  local entry = string.format('t %s %s %s %.0f %.0f %s %s', from, to, reason, count, bytes, total_n, total_b)
  if at == -1 then
    if is_joined then redis.call('LSET', parcels, -1, entry) else redis.call('RPUSH', parcels, entry) end
  elseif is_joined then
    redis.call('LSET', parcels, at - 1, entry)
    redis.call('LSET', parcels, at, '')
    redis.call('LREM', parcels, 1, '')
  else
    redis.call('LSET', parcels, at, entry)
  end
  return is_joined
end

local function delete_between(from, to)
  local last
  for _, entry in ipairs(redis.call('XRANGE', log, '(' .. from, to)) do
    redis.call('XDEL', log, entry[1])
    last = entry
  end
  return last
end

local at = 0
while is_full() do
  local entry = redis.call('LINDEX', parcels, at)
  if not entry then break end
  local from, to, job, count, bytes, n, b = string.match(entry, '^p (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+)$')
  if from then
    -- What is acknowledged inside it is not undelivered.
    gone = gone + math.min(tonumber(count), tonumber(n) - number(3))
    gone_bytes = gone_bytes + math.min(tonumber(bytes), tonumber(b) - number(4))
    delete_between(from, to)
    redis.call('RPUSH', KEYS[5], job)
    if not bury(at, from, to, tonumber(count), tonumber(bytes), n, b) then at = at + 1 end
  else
    at = at + 1
  end
end

local from = later(acked, held)
while is_full() and before(from, dhead) do
  -- The oldest waiting events, as many as have to go, with what is of the stream class between them.
  local count, bytes, last, n, b = 0, 0, nil, 0, 0
  for _, entry in ipairs(redis.call('XRANGE', log, '(' .. from, dhead, 'COUNT', PAGE)) do
    local total_n, total_b, class = string.match(entry[2][4], '^%S+ %S+ (%S+) (%S+) (%S+)')
    last = entry[1]
    redis.call('XDEL', log, last)
    if class == 'd' then
      -- An entry has no opening brace.
      local size = #entry[2][2] + 1
      count, bytes, n, b = count + 1, bytes + size, total_n, total_b
      gone, gone_bytes = gone + 1, gone_bytes + size
      if not is_full() then break end
    end
  end
  if not last then break end
  if count > 0 then bury(-1, from, last, count, bytes, n, b) end
  from = last
end
if gone == 0 then return {0, 0} end
redis.call('HINCRBY', user, 'xn', gone)
redis.call('HINCRBY', user, 'xb', gone_bytes)
if before(held, from) then redis.call('HSET', user, 'held', from) end
if not before(from, dhead) then
  redis.call('ZREM', KEYS[3], ARGV[4])
  redis.call('HSET', user, 'log', not_due(state[1]))
end
local ttl = redis.call('PTTL', user)
for _, key in ipairs({parcels, KEYS[5]}) do
  if ttl > redis.call('PTTL', key) then redis.call('PEXPIRE', key, ttl) end
end
-- The courier clears the litter when the next event makes the user due.
if redis.call('EXISTS', KEYS[5]) == 1 then redis.call('HSET', user, 'litter', 1) end
return {gone, gone_bytes}
