#!lua flags=no-writes
-- mailbox: what waits for a user.
--
-- KEYS  1 user hash, 2 log, 3 parcel list
-- Returns {head, acked, undelivered events, their bytes, offset of the oldest ("" without one), parcels, tombstones}, the
-- last two as far as they are not acknowledged.
-- Where the log has let go of the oldest event, its parcel's end stands for it. Among more than SEARCH entries of the
-- stream class the last one looked at does.
-- @include offset
-- @include state
-- @include place
local SEARCH, PAGE = 1000, 100
local state = redis.call('HMGET', KEYS[1], 'log', 'acked', 'held', 'an', 'ab', 'xn', 'xb')
local acked, held = state[2] or '0-0', state[3] or '0-0'
local head, _, _, n, b = state_of(state[1])
local function number(i) return tonumber(state[i] or 0) end
local count, bytes = n - number(4) - number(6), b - number(5) - number(7)

local function first_durable(after, to)
  local from, looked = '(' .. after, 0
  while true do
    local page = redis.call('XRANGE', KEYS[2], from, to, 'COUNT', PAGE)
    for _, entry in ipairs(page) do
      if string.match(entry[2][4] or '', '^%S+ %S+ %S+ %S+ (%S+)') == 'd' then return entry[1] end
    end
    if #page < PAGE then return false end
    looked = looked + #page
    if looked >= SEARCH then return page[#page][1] end
    from = '(' .. page[#page][1]
  end
end

local parcels, tombstones, oldest = 0, 0, false
local PARCEL, TOMBSTONE = string.byte('pt', 1, 2)
for i, entry in ipairs(redis.call('LRANGE', KEYS[3], place(KEYS[3], acked), -1)) do
  local kind = string.byte(entry)
  -- The first one may end where the acknowledgement does; all others lie behind it.
  if i > 1 or before(acked, string.match(entry, '^%S+ %S+ (%S+)')) then
    if kind == PARCEL then
      if not oldest then
        local from, to = string.match(entry, '^%S+ (%S+) (%S+)')
        oldest = first_durable(later(from, acked), to) or to
      end
      parcels = parcels + 1
    elseif kind == TOMBSTONE then
      tombstones = tombstones + 1
    end
  end
end
if count > 0 and not oldest then oldest = first_durable(later(acked, held), '+') end
return {head, acked, count, bytes, oldest or '', parcels, tombstones}
