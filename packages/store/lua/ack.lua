#!lua flags=allow-oom
-- ack: moves acknowledgements of users on, cumulatively, and lets go of what stands before them (P3).
--
-- KEYS  for each user: user hash, log, due index, parcel list, acks by client, escalated events; in a Cluster all of one
--       partition
-- ARGV  for each user: offset, uid, client id ("" where it is not told), offset after which that client got everything up to
--       the first one, "1" where it went on from what it had before
-- Returns for each user {acked, number of events this call acknowledged, job id of each released parcel ...}, or {"!", what
-- Redis said}. An offset beyond head counts as head; an older one changes nothing. What fails for one user fails for no other.
-- allow-oom: acknowledging frees memory, so it has to work when there is none.
-- @include offset
-- @include state
-- @include not_due
local CLIENTS = 50
local ENTRY = '^(%S) %S+ (%S+) (%S+) (%S+) (%S+) (%S+) (%S+)$'
local PERIOD_MS, PERIOD_DIGITS = 100000000, 5
local call, match, sub = redis.call, string.match, string.sub
local time = call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))

-- Keeps a client's claim for receipts: "<from> <to> <ms>", everything after from up to to, as far as it is one piece.
local function keep_claim(user, acks, client, from, to, is_resumed)
  local known = call('HGET', acks, client)
  if known then
    local known_from, known_to = match(known, '^(%S+) (%S+)')
    local is_joined = not before(known_to, from) and not before(to, known_from)
    if is_joined or (is_resumed and not before(from, known_from)) then
      if before(known_from, from) then from = known_from end
      to = later(known_to, to)
    elseif before(to, known_to) then
      return
    end
  end
  call('HSET', acks, client, from .. ' ' .. to .. ' ' .. now)
  -- The user's keys are made to live longer once in a period, see append.lua; so are these, for a period more, since that may
  -- come after this.
  if not known or sub(match(known, '%d+$'), 1, PERIOD_DIGITS) ~= sub(now, 1, PERIOD_DIGITS) then
    local keys_until = call('PEXPIRETIME', user)
    if keys_until > 0 then call('PEXPIREAT', acks, string.format('%.0f', keys_until + PERIOD_MS)) end
  end
  if known or call('HLEN', acks) <= CLIENTS then return end
  local flat = call('HGETALL', acks)
  local oldest, oldest_ms
  for i = 1, #flat, 2 do
    local ms = tonumber(match(flat[i + 1], '%d+$'))
    if flat[i] ~= client and (not oldest or ms < oldest_ms) then oldest, oldest_ms = flat[i], ms end
  end
  call('HDEL', acks, oldest)
end

local function ack(user, log, due_index, parcels, acks, escalated, offset, uid, client, since, is_resumed)
  local state = call('HMGET', user, 'log', 'acked', 'held', 'an', 'ab', 'xn', 'trimmed', 'esc')
  local acked, held, trimmed = state[2] or '0-0', state[3] or '0-0', state[7] or '0-0'
  local head, dhead, _, all_n, all_b, due = state_of(state[1])
  if head == '0-0' then return {'0-0', 0} end
  if before(head, offset) then offset = head end
  if client ~= '' then keep_claim(user, acks, client, since, offset, is_resumed) end
  if not before(acked, offset) then return {acked, 0} end

  local reply = {offset, 0}
  local n, b = tonumber(state[4] or 0), tonumber(state[5] or 0)
  local ended = n + tonumber(state[6] or 0)
  local list = call('LRANGE', parcels, 0, -1)
  local kept, buried = 0, nil
  for _, entry in ipairs(list) do
    local kind, to, job, _, _, entry_n, entry_b = match(entry, ENTRY)
    if before(offset, to) then break end
    if kind == 't' and before(trimmed, to) then
      -- A device that resumes in the log from before it has still to be told.
      kept = kept + 1
    else
      if kept == 0 then call('LPOP', parcels) else call('LREM', parcels, 1, entry) end
      if kind == 't' then buried = to end
    end
    if kind == 'p' then reply[#reply + 1] = job end
    n, b = math.max(n, tonumber(entry_n)), math.max(b, tonumber(entry_b))
  end
  local last_n, last_b = all_n, all_b
  if before(offset, dhead) then
    local last = call('XREVRANGE', log, offset, '-', 'COUNT', 1)[1]
    -- An entry without our form was put there by somebody else.
    last_n, last_b = match(last and last[2][4] or '', '^%S+ %S+ (%d+) (%d+)')
  end
  if last_n then n, b = math.max(n, tonumber(last_n)), math.max(b, tonumber(last_b)) end

  -- What expired is counted apart, as far as it is not acknowledged.
  local xn, xb = 0, 0
  if state[6] and state[6] ~= '0' then
    for _, entry in ipairs(list) do
      local kind, to, _, count, bytes, entry_n, entry_b = match(entry, ENTRY)
      if kind == 't' and before(offset, to) then
        xn = xn + math.min(tonumber(count), tonumber(entry_n) - n)
        xb = xb + math.min(tonumber(bytes), tonumber(entry_b) - b)
      end
    end
    call('HSET', user, 'xn', xn, 'xb', xb)
  end
  reply[2] = n + xn - ended
  local is_settled = due == '1' and not before(later(offset, held), dhead)
  if is_settled then
    call('ZREM', due_index, uid)
    call('HSET', user, 'acked', offset, 'an', n, 'ab', b, 'log', not_due(state[1]))
  else
    call('HSET', user, 'acked', offset, 'an', n, 'ab', b)
  end
  if buried then call('HSET', user, 'buried', buried) end
  if state[8] and not before(offset, state[8]) then
    call('DEL', escalated)
    call('HDEL', user, 'esc')
  end
  return reply
end

local replies = {}
for i = 1, #KEYS / 6 do
  local k, a = i * 6 - 5, i * 5 - 4
  local is_done, reply = pcall(ack, KEYS[k], KEYS[k + 1], KEYS[k + 2], KEYS[k + 3], KEYS[k + 4], KEYS[k + 5],
    ARGV[a], ARGV[a + 1], ARGV[a + 2], ARGV[a + 3], ARGV[a + 4] == '1')
  replies[i] = is_done and reply or {'!', type(reply) == 'table' and reply.err or tostring(reply)}
end
return replies
