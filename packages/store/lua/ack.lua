#!lua flags=allow-oom
-- ack: moves a user's acknowledgement on, cumulatively, and lets go of what stands before it (P3).
--
-- KEYS  1 user hash, 2 log, 3 due index, 4 parcel list, 5 acks by client, 6 escalated events
-- ARGV  1 offset, 2 uid, 3 client id ("" where it is not told), 4 offset after which that client got everything up to
--       the first one, 5 "1" where it went on from what it had before
-- Returns {acked, number of events this call acknowledged, job id of each released parcel ...}. An offset beyond head
-- counts as head; an older one changes nothing.
-- allow-oom: acknowledging frees memory, so it has to work when there is none.
-- @include offset
-- @include state
-- @include not_due
local CLIENTS = 50
local state = redis.call('HMGET', KEYS[1], 'log', 'acked', 'held', 'an', 'ab', 'xn', 'trimmed', 'esc')
local acked, held, trimmed = state[2] or '0-0', state[3] or '0-0', state[7] or '0-0'
local head, dhead, _, _, _, due = state_of(state[1])
if head == '0-0' then return {'0-0', 0} end
local offset = ARGV[1]
if before(head, offset) then offset = head end

-- Keeps this client's claim for receipts: "<from> <to> <ms>", everything after from up to to, as far as it is one piece.
local function keep_claim(client, from, to)
  local time = redis.call('TIME')
  local known = redis.call('HGET', KEYS[5], client)
  if known then
    local known_from, known_to = string.match(known, '^(%S+) (%S+)')
    local is_joined = not before(known_to, from) and not before(to, known_from)
    if is_joined or (ARGV[5] == '1' and not before(from, known_from)) then
      if before(known_from, from) then from = known_from end
      to = later(known_to, to)
    elseif before(to, known_to) then
      return
    end
  end
  redis.call('HSET', KEYS[5], client, string.format('%s %s %.0f', from, to, time[1] * 1000 + math.floor(time[2] / 1000)))
  local keys_until = redis.call('PEXPIRETIME', KEYS[1])
  if keys_until > 0 then redis.call('PEXPIREAT', KEYS[5], keys_until) end
  if known or redis.call('HLEN', KEYS[5]) <= CLIENTS then return end
  local flat = redis.call('HGETALL', KEYS[5])
  local oldest, oldest_ms
  for i = 1, #flat, 2 do
    local ms = tonumber(string.match(flat[i + 1], '%d+$'))
    if flat[i] ~= client and (not oldest or ms < oldest_ms) then oldest, oldest_ms = flat[i], ms end
  end
  redis.call('HDEL', KEYS[5], oldest)
end
if ARGV[3] ~= '' then keep_claim(ARGV[3], ARGV[4], offset) end
if not before(acked, offset) then return {acked, 0} end

local ENTRY = '^(%S) %S+ (%S+) (%S+) (%S+) (%S+) (%S+) (%S+)$'
local reply = {offset, 0}
local n, b = tonumber(state[4] or 0), tonumber(state[5] or 0)
local ended = n + tonumber(state[6] or 0)
local list = redis.call('LRANGE', KEYS[4], 0, -1)
local kept, buried = 0, nil
for _, entry in ipairs(list) do
  local kind, to, job, _, _, entry_n, entry_b = string.match(entry, ENTRY)
  if before(offset, to) then break end
  if kind == 't' and before(trimmed, to) then
    -- A device that resumes in the log from before it has still to be told.
    kept = kept + 1
  else
    if kept == 0 then redis.call('LPOP', KEYS[4]) else redis.call('LREM', KEYS[4], 1, entry) end
    if kind == 't' then buried = to end
  end
  if kind == 'p' then reply[#reply + 1] = job end
  n, b = math.max(n, tonumber(entry_n)), math.max(b, tonumber(entry_b))
end
local last = redis.call('XREVRANGE', KEYS[2], offset, '-', 'COUNT', 1)[1]
-- An entry without our form was put there by somebody else.
local last_n, last_b = string.match(last and last[2][4] or '', '^%S+ %S+ (%d+) (%d+)')
if last_n then n, b = math.max(n, tonumber(last_n)), math.max(b, tonumber(last_b)) end

-- What expired is counted apart, as far as it is not acknowledged.
local xn, xb = 0, 0
if state[6] and state[6] ~= '0' then
  for _, entry in ipairs(list) do
    local kind, to, _, count, bytes, entry_n, entry_b = string.match(entry, ENTRY)
    if kind == 't' and before(offset, to) then
      xn = xn + math.min(tonumber(count), tonumber(entry_n) - n)
      xb = xb + math.min(tonumber(bytes), tonumber(entry_b) - b)
    end
  end
  redis.call('HSET', KEYS[1], 'xn', xn, 'xb', xb)
end
redis.call('HSET', KEYS[1], 'acked', offset, 'an', n, 'ab', b)
if buried then redis.call('HSET', KEYS[1], 'buried', buried) end
if state[8] and not before(offset, state[8]) then
  redis.call('DEL', KEYS[6])
  redis.call('HDEL', KEYS[1], 'esc')
end
reply[2] = n + xn - ended
if due == '1' and not before(later(offset, held), dhead) then
  redis.call('ZREM', KEYS[3], ARGV[2])
  redis.call('HSET', KEYS[1], 'log', not_due(state[1]))
end
return reply
