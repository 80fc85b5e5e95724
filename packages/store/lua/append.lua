#!lua
-- append: puts 1..n events of one user into the log and tells whoever listens; all of them or none (P1).
--
-- KEYS  1 user hash, 2 log, 3 due index, 4.. one dedupe key for each event with a digest, in order; last, where an event has
--       a collapse key: the collapse index
-- ARGV  1 channel, 2 uid, 3 user id, 4 "1" if an earlier attempt may have succeeded, 5 dedupe window ms,
--       6 log: events kept, 7 log: ms kept, 8 mailbox: most undelivered events, 9 mailbox: most undelivered bytes,
--       10 most bytes of a body, 11 ms that the keys live after the last append, 12 "1" if WAIT follows, which waits for
--       writes only: what appends nothing (all duplicates) then writes a field and takes it away again, 13.. six per event:
--       id, class ("d" durable, "s" stream, "e" ephemeral), digest ("" if the hub made the id), expires at ms (0 none),
--       collapse key, body (JSON object text that starts with {"id":"<id>",)
-- Returns an offset per event ("" for ephemeral, "=" in front for a duplicate), or {"!CODE", index} and nothing written.
-- An event with a collapse key takes the place of the last one with that key and class that waits outside parcels.
-- An entry has two fields: b the body, m "<prev> <log count> <durable count> <durable bytes> <class> <expires> <collapse key>".
-- Not allow-oom: when memory is full an append is refused whole.
-- @include offset
-- @include trim
local PER_EVENT = 6
local FIRST = 13
local TRIM_EVERY = 32
local RETRY_HORIZON_MS = 120000
local PAGE = 128
local DAY_MS = 86400000
local COLLAPSE_KEYS = 1000

local user, log, due = KEYS[1], KEYS[2], KEYS[3]
local total = (#ARGV - FIRST + 1) / PER_EVENT
local keep_events, keep_ms = tonumber(ARGV[6]), tonumber(ARGV[7])
local max_events, max_bytes, max_body = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local state = redis.call('HMGET', user, 'head', 'acked', 'held', 'dhead', 'c', 'n', 'b', 'an', 'ab', 'due', 'floor', 'until',
  'xn', 'xb')
local head = state[1]
local acked, held, dhead = state[2] or '0-0', state[3] or '0-0', state[4] or '0-0'
local c, n, b = tonumber(state[5] or 0), tonumber(state[6] or 0), tonumber(state[7] or 0)
-- Ended: acknowledged (an, ab), or expired since (xn, xb).
local ended_n = tonumber(state[8] or 0) + tonumber(state[13] or 0)
local ended_b = tonumber(state[9] or 0) + tonumber(state[14] or 0)
local is_new = not head
if is_new then
  -- A log may outlive its hash; its ids must still only grow.
  local last = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
  head = last and last[1] or '0-0'
end

-- Finds an id the hub made, in the recent log: such an id repeats only through its own publisher's retry.
local function logged(id)
  local needle = '{"id":"' .. id .. '",'
  local from = '+'
  while true do
    local page = redis.call('XREVRANGE', log, from, '-', 'COUNT', PAGE)
    for _, entry in ipairs(page) do
      if string.sub(entry[2][2], 1, #needle) == needle then return entry[1] end
    end
    local oldest = page[#page]
    if #page < PAGE or parts(oldest[1]) < now - RETRY_HORIZON_MS then return false end
    from = '(' .. oldest[1]
  end
end

local function settled()
  local safe = later(acked, held)
  if before(safe, dhead) then return safe end
  return head
end

local function trim_log()
  local trimmed = trim(log, head, settled(), c, keep_events, now - keep_ms)
  if trimmed then redis.call('HSET', user, 'trimmed', trimmed) end
end

-- The waiting event that one with this collapse key replaces: {offset, body bytes}. An older one than `safe` is not touched.
local safe = later(acked, held)
local collapsible, latest = {}, {}
local function replaced(key, class)
  local offset = redis.call('HGET', KEYS[#KEYS], key)
  if not offset or not before(safe, offset) then return false end
  local entry = redis.call('XRANGE', log, offset, offset)[1]
  if not entry or string.match(entry[2][4], '^%S+ %S+ %S+ %S+ (%S+)') ~= class then return false end
  return {offset = offset, bytes = #entry[2][2]}
end

-- First pass: decide, write nothing.
local results = {}
local first_of, digest_of, dedupe_key = {}, {}, {}
local durable, bytes, streamed, next_key = 0, 0, 0, 4
local has_durable = false
for i = 1, total do
  local at = FIRST + (i - 1) * PER_EVENT
  local id, class, digest, body = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 5]
  if #body > max_body then return {'!TOO_LARGE', i - 1} end
  local known, known_digest = false, false
  if digest ~= '' then
    dedupe_key[i] = KEYS[next_key]
    next_key = next_key + 1
  end
  if class ~= 'e' then
    if digest ~= '' then
      if first_of[id] then
        known, known_digest = first_of[id], digest_of[id]
      else
        local stored = redis.call('GET', dedupe_key[i])
        if stored then known, known_digest = string.match(stored, '^(%S+) (%S+)$') end
      end
      if known and known_digest ~= digest then return {'!CONFLICT', i - 1} end
    elseif ARGV[4] == '1' then
      known = logged(id)
    end
    if known then
      results[i] = known
    else
      if digest ~= '' then first_of[id], digest_of[id] = i, digest end
      local count, size = 1, #body
      local collapse_key = ARGV[at + 4]
      if collapse_key ~= '' then
        -- Of several with one key the last counts; the others are replaced as it is written.
        local place = class .. collapse_key
        local old = latest[place] or replaced(collapse_key, class)
        latest[place] = {bytes = #body}
        collapsible[i] = true
        if old then count, size = 0, size - old.bytes end
      end
      if class == 'd' then
        durable, bytes = durable + count, bytes + size
        has_durable = true
      else
        streamed = streamed + count
      end
    end
  end
end
if durable > 0 and (n - ended_n + durable > max_events or b - ended_b + bytes > max_bytes) then
  return {'!MAILBOX_FULL', 0}
end
if streamed > 0 and redis.call('XLEN', log) + streamed > keep_events + max_events then
  trim_log()
  if redis.call('XLEN', log) + streamed > keep_events + max_events then return {'!MAILBOX_FULL', 0} end
end

-- Second pass: write.
local base = head
if state[11] then base = later(head, state[11]) end
local ms, seq = parts(base)
if now > ms then
  ms, seq = now, 0
else
  seq = seq + 1
end
local first_prev, count_before, longest = head, c, now + tonumber(ARGV[11])
local pushed, ephemeral = {}, {}
for i = 1, total do
  local at = FIRST + (i - 1) * PER_EVENT
  local class, digest, expires, body = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 5]
  if class == 'e' then
    results[i] = ''
    ephemeral[#ephemeral + 1] = body
  elseif results[i] then
    -- A number is the place of the same id earlier in this call, already written.
    results[i] = '=' .. (type(results[i]) == 'number' and results[results[i]] or results[i])
  else
    local offset = string.format('%.0f-%.0f', ms, seq)
    seq, c = seq + 1, c + 1
    local old = collapsible[i] and replaced(ARGV[at + 4], class)
    if old then redis.call('XDEL', log, old.offset) end
    if class == 'd' then
      n, b, dhead = n + (old and 0 or 1), b + #body - (old and old.bytes or 0), offset
    end
    redis.call('XADD', log, offset, 'b', body, 'm',
      string.format('%s %.0f %.0f %.0f %s %s %s', head, c, n, b, class, expires, ARGV[at + 4]))
    if collapsible[i] then redis.call('HSET', KEYS[#KEYS], ARGV[at + 4], offset) end
    if digest ~= '' then redis.call('SET', dedupe_key[i], offset .. ' ' .. digest, 'PX', ARGV[5]) end
    if tonumber(expires) > longest then longest = tonumber(expires) end
    pushed[#pushed + 1] = '{"offset":"' .. offset .. '",' .. string.sub(body, 2)
    results[i], head = offset, offset
  end
end
if #pushed > 0 then
  redis.call('HSET', user, 'head', head, 'dhead', dhead, 'c', c, 'n', n, 'b', b)
  if is_new then redis.call('HSET', user, 'user', ARGV[3]) end
  if has_durable and not state[10] then
    redis.call('ZADD', due, now, ARGV[2])
    redis.call('HSET', user, 'due', 1)
  end
  if longest > tonumber(state[12] or 0) then
    -- Extended a day at a time, so that it costs nothing on most appends.
    local keep_until = longest + DAY_MS
    redis.call('PEXPIREAT', user, keep_until)
    redis.call('PEXPIREAT', log, keep_until)
    redis.call('HSET', user, 'until', string.format('%.0f', keep_until))
  end
  if next(collapsible) then
    -- What it names is looked at again before it counts, so it may be forgotten where a user has too many keys.
    if redis.call('HLEN', KEYS[#KEYS]) > COLLAPSE_KEYS then redis.call('DEL', KEYS[#KEYS]) end
    redis.call('PEXPIRE', KEYS[#KEYS], ARGV[11])
  end
  if math.floor(c / TRIM_EVERY) > math.floor(count_before / TRIM_EVERY) then trim_log() end
  redis.call('SPUBLISH', ARGV[1], first_prev .. ' ' .. head .. ' ' .. #pushed .. ' ' .. table.concat(pushed, ','))
end
if #pushed == 0 and ARGV[12] == '1' then
  redis.call('HSET', user, 'wait', 1)
  redis.call('HDEL', user, 'wait')
end
if #ephemeral > 0 then redis.call('SPUBLISH', ARGV[1], '- - ' .. #ephemeral .. ' ' .. table.concat(ephemeral, ',')) end
return results
