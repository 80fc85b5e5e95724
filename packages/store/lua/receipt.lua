#!lua flags=no-writes
-- receipt: what became of one event, as far as the log, the parcel list and the acks tell (P3).
--
-- KEYS  1 user hash, 2 log, 3 parcel list, 4 acks by client, 5 escalated events, 6 dedupe key of the event id
-- ARGV  1 event id, 2 offset ("" to find the event by its id)
-- Returns {} where there is no such event, else {state, offset, class, expires at ms, escalated at ms, clients that
-- acknowledged it, ms by which the first of them had}; "" for what is not known. Class and expiry are the log entry's.
-- An id is looked for in its dedupe key, then in the SEARCH last entries of the log.
-- @include offset
-- @include state
-- @include place
local SEARCH, PAGE = 1000, 100
local log, parcels = KEYS[2], KEYS[3]
local user = redis.call('HMGET', KEYS[1], 'log', 'acked', 'trimmed', 'buried')
local head, acked, trimmed, buried = state_of(user[1]), user[2] or '0-0', user[3] or '0-0', user[4] or '0-0'
if head == '0-0' then return {} end
local needle = '"id":"' .. ARGV[1] .. '",'

local function find()
  local known = redis.call('GET', KEYS[6])
  if known then return string.match(known, '^%S+') end
  local from, left = '+', SEARCH
  while left > 0 do
    local page = redis.call('XREVRANGE', log, from, '-', 'COUNT', PAGE)
    for _, entry in ipairs(page) do
      if string.sub(entry[2][2], 1, #needle) == needle then return entry[1] end
    end
    if #page < PAGE then return false end
    from, left = '(' .. page[#page][1], left - #page
  end
  return false
end

-- The entry of the parcel list that an offset lies in: its kind, and a parcel's job id or a tombstone's reason.
local function cover(offset)
  local entry = redis.call('LINDEX', parcels, place(parcels, offset)) or ''
  local kind, from, name = string.match(entry, '^(%S+) (%S+) %S+ (%S+)')
  if kind and before(from, offset) then return kind, name end
  return false
end

local offset = ARGV[2] ~= '' and ARGV[2] or find()
if not offset or offset == '0-0' or before(head, offset) then return {} end
local entry = redis.call('XRANGE', log, offset, offset)[1]
if entry and string.sub(entry[2][2], 1, #needle) ~= needle then return {} end
local is_acked = not before(acked, offset)
local kind, name = cover(offset)
local class, expires, state = '', '', 'gone'

if entry then
  class, expires = string.match(entry[2][4] or '', '^%S+ %S+ %S+ %S+ (%S+) (%S+)')
  state = is_acked and 'acknowledged' or (kind == 'p' and class == 'd' and 'held' or 'logged')
elseif kind == 't' then
  -- An ack that passed it says nothing of what had ended before.
  state = name
elseif before(trimmed, offset) then
  -- The log reaches back this far, so the event was replaced, unless the next one tells that there never was one here.
  local following = redis.call('XRANGE', log, '(' .. offset, '+', 'COUNT', 1)[1]
  local prev = string.match(following and following[2][4] or '', '^%d+%-%d+')
  if prev and before(prev, offset) then return {} end
  state = 'collapsed'
elseif is_acked then
  if kind or before(buried, offset) then state = 'acknowledged' end
elseif kind then
  state = 'held'
end

local escalated = redis.call('HGET', KEYS[5], offset) or ''
if state == 'held' and escalated ~= '' then state = 'escalated' end
local clients, first_ms = 0, ''
if state == 'acknowledged' then
  for _, claim in ipairs(redis.call('HVALS', KEYS[4])) do
    local since, upto, ms = string.match(claim, '^(%S+) (%S+) (%S+)$')
    if before(since, offset) and not before(upto, offset) then
      clients = clients + 1
      if first_ms == '' or tonumber(ms) < tonumber(first_ms) then first_ms = ms end
    end
  end
end
return {state, offset, class or '', expires or '', escalated, clients, first_ms}
