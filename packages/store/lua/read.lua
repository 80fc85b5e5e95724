#!lua flags=no-writes
-- read: a page of a user's log after an offset, and what stands in custody after it (P2).
--
-- KEYS  1 user hash, 2 log, 3 parcel list
-- ARGV  1 offset to read after ("" for the acknowledged one, "$" for head), 2 most events, 3 most bytes (at least one event comes all the same)
-- Returns {offset read after, head, acked, trimmed, {parcel list entries that end after the offset},
--   {offset, tail, offset, tail, ...}, what the first of them names as the one before it ("" without one),
--   {number of an entry from 0, its collapse key, ...}}.
-- Where a parcel covers what the log no longer has, no log entries come: the parcels are to be read first.
-- An offset beyond head, or between the first entry and the one before it, is not of this log: its event was lost.
-- @include offset
-- @include state
local after, max_events, max_bytes = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local STEP = 32

local state = redis.call('HMGET', KEYS[1], 'log', 'acked', 'trimmed')
local head, acked, trimmed = state_of(state[1]), state[2] or '0-0', state[3] or '0-0'
if after == '' then after = acked end
if after == '$' then after = head end
if not before(after, head) then return {after, head, acked, trimmed, {}, {}, '', {}} end

local custody, parcels_first = {}, false
for _, entry in ipairs(redis.call('LRANGE', KEYS[3], 0, -1)) do
  local kind, from, to = string.match(entry, '^(%S+) (%S+) (%S+)')
  if before(after, to) then
    custody[#custody + 1] = entry
    if kind == 'p' and before(from, trimmed) then parcels_first = true end
  end
end
if parcels_first and before(after, trimmed) then return {after, head, acked, trimmed, custody, {}, '', {}} end

local entries, bytes, from, prev, collapse = {}, 0, '(' .. after, '', {}
while #entries / 2 < max_events do
  local page = redis.call('XRANGE', KEYS[2], from, '+', 'COUNT', math.min(STEP, max_events - #entries / 2))
  for _, entry in ipairs(page) do
    local tail = entry[2][2]
    bytes = bytes + #tail
    local m = entry[2][4] or ''
    if #entries == 0 then prev = string.match(m, '^%d+%-%d+') or '' end
    if #entries > 0 and bytes > max_bytes then return {after, head, acked, trimmed, custody, entries, prev, collapse} end
    -- The key is the last field, mostly empty.
    if string.byte(m, -1) ~= 32 then
      local key = string.match(m, '(%S+)$')
      if key then
        collapse[#collapse + 1] = #entries / 2
        collapse[#collapse + 1] = key
      end
    end
    entries[#entries + 1] = entry[1]
    entries[#entries + 1] = tail
  end
  if #page == 0 then break end
  from = '(' .. page[#page][1]
end
return {after, head, acked, trimmed, custody, entries, prev, collapse}
