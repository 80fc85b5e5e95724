-- The append of any events of one user, as append.lua calls it: `append`, for which it has declared a local. It is made in calls
-- that need it. So is, within it, what is rarely called (`rare`).
local log_events = match(ARGV[1], '^%d+ %d+ %d+ (%d+)')
-- @include state

local function make_rare()
-- @include offset
-- @include trim
  local log_ms, dedupe_ms, keep_ms = match(ARGV[1], '^%d+ %d+ %d+ %d+ (%d+) (%d+) (%d+)')

  local function tell_time()
    local time = call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000)
  end

  -- An id above an offset, of now where that is possible.
  local function id_above(offset)
    local ms, seq = parts(offset)
    local now = tell_time()
    if ms < now then return format('%d-0', now) end
    return format('%d-%d', ms, seq + 1)
  end

  -- Finds an id the hub made, in the recent log: such an id repeats only through its own publisher's retry.
  local function logged(log, id)
    local PAGE, HORIZON_MS = 128, 120000
    local needle = '"id":"' .. id .. '",'
    local from, horizon = '+', tell_time() - HORIZON_MS
    while true do
      local page = call('XREVRANGE', log, from, '-', 'COUNT', PAGE)
      for _, entry in ipairs(page) do
        if sub(entry[2][2], 1, #needle) == needle then return entry[1] end
      end
      local oldest = page[#page]
      if #page < PAGE or parts(oldest[1]) < horizon then return false end
      from = '(' .. oldest[1]
    end
  end

  -- The offset up to which everything is acknowledged or held, and the last that retention removed.
  local function safe_of(user)
    local state = call('HMGET', user, 'acked', 'held', 'trimmed')
    return later(state[1] or '0-0', state[2] or '0-0'), state[3] or '0-0'
  end

  local function trim_log(user, log, head, dhead, count)
    local settled, trimmed = safe_of(user)
    if not before(settled, dhead) then settled = head end
    if not before(trimmed, settled) then return end
    trimmed = trim(log, head, settled, count, tonumber(log_events), tell_time() - log_ms)
    if trimmed then call('HSET', user, 'trimmed', trimmed) end
  end

  -- The waiting event that one with this collapse key replaces: {offset, body bytes}. An older one than `safe` is not touched.
  local function replaced(index, log, key, class, safe)
    local offset = call('HGET', index, key)
    if not offset or not before(safe, offset) then return false end
    local entry = call('XRANGE', log, offset, offset)[1]
    if not entry or match(entry[2][4], '^%S+ %S+ %S+ %S+ (%S+)') ~= class then return false end
    return {offset = offset, bytes = #entry[2][2] + 1}
  end

  -- Whether an event is needed for longer than keys live after it.
  local function is_long(offset, expiry)
    return expiry > parts(offset) + keep_ms
  end

  -- With the first event of a period, for a period longer than has to be. What one of a later expiry asked for stays.
  local function keep_keys(user, log, offset, latest_expiry)
    local until_ms = math.max(parts(offset) + keep_ms, latest_expiry) + PERIOD_MS
    local keys_until = format('%d', math.max(until_ms, call('PEXPIRETIME', user)))
    call('PEXPIREAT', user, keys_until)
    call('PEXPIREAT', log, keys_until)
  end

  return {
    later = later, before = before, tell_time = tell_time, id_above = id_above, logged = logged, safe_of = safe_of,
    is_long = is_long, trim_log = trim_log, replaced = replaced, keep_keys = keep_keys, keep_ms = keep_ms, dedupe_ms = dedupe_ms,
  }
end
local made
local function rare()
  made = made or make_rare()
  return made
end

-- One user, any events: keys from first_key to last_key, arguments from user_arg, those of events from first to last, `width` each.
function append(first_key, last_key, user_arg, is_retry, first, last, width)
  local COLLAPSE_KEYS = 1000
  local user, log = KEYS[first_key], KEYS[first_key + 1]
  local head, dhead, c, n, b, due, floor = state_of(call('HGET', user, 'log'))
  c, n, b = c + 0, n + 0, b + 0
  local is_new = c == 0
  if is_new then
    -- A log may outlive its hash; its ids must still only grow.
    local newest = call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
    head = newest and newest[1] or '0-0'
  end

  -- First pass: decide, write nothing.
  local results = {false}
  local first_of, digest_of, latest, safe
  local durable, bytes, streamed, next_key, has_durable = 0, 0, 0, first_key + 3, false
  local i = 0
  for at = first, last, width do
    local class, size, count, known = ARGV[at], #ARGV[at + 1] + 1, 1, false
    i = i + 1
    if size > max_body then return {'!TOO_LARGE', i - 1} end
    if width == 6 then
      local id, digest, key = ARGV[at + 2], ARGV[at + 3], ARGV[at + 5]
      if class == 'e' then
        key = ''
      elseif digest ~= '' then
        local known_digest
        first_of, digest_of = first_of or {}, digest_of or {}
        known, known_digest = first_of[id], digest_of[id]
        if not known then
          local stored = call('GET', KEYS[next_key])
          if stored then known, known_digest = match(stored, '^(%S+) (%S+)$') end
        end
        if not known then
          first_of[id], digest_of[id] = i, digest
        elseif known_digest ~= digest then
          return {'!CONFLICT', i - 1}
        end
      elseif is_retry then
        known = rare().logged(log, id)
      end
      if digest ~= '' then next_key = next_key + 1 end
      if key ~= '' and not known then
        -- Of several with one key the last counts; the others are replaced as it is written.
        latest, safe = latest or {}, safe or rare().safe_of(user)
        local old = latest[class .. key] or rare().replaced(KEYS[last_key], log, key, class, safe)
        latest[class .. key] = {bytes = size}
        if old then count, size = 0, size - old.bytes end
      end
    end
    if known then
      results[i] = known
    elseif class == 'd' then
      durable, bytes, has_durable = durable + count, bytes + size, true
    elseif class == 's' then
      streamed = streamed + count
    end
  end
  if durable > 0 and (n + durable > max_events or b + bytes > max_bytes) then
    -- More than may wait has been logged, so what ended counts: acknowledged (an, ab), or expired since (xn, xb).
    local ended = call('HMGET', user, 'an', 'ab', 'xn', 'xb')
    if n - (ended[1] or 0) - (ended[3] or 0) + durable > max_events
        or b - (ended[2] or 0) - (ended[4] or 0) + bytes > max_bytes then
      return {'!MAILBOX_FULL', 0}
    end
  end
  if streamed > 0 and call('XLEN', log) + streamed > log_events + max_events then
    rare().trim_log(user, log, head, dhead, c)
    if call('XLEN', log) + streamed > log_events + max_events then return {'!MAILBOX_FULL', 0} end
  end

  -- Second pass: write. The due index may name a user for whom nothing waits, but no event may wait unnamed: so it is first.
  if has_durable and due == '0' then
    call('ZADD', KEYS[first_key + 2], format('%d', rare().tell_time()), match(user, '^.*:(.+)$'))
    due = '1'
  end
  -- Offsets are above head and above `floor`, whatever the clock says. Above the log's last entry Redis makes them itself.
  local next_id = '*'
  if floor ~= '' then next_id = rare().id_above(rare().later(head, floor)) end
  local first_prev, written, latest_expiry = head, 0, 0
  local first_offset, first_tail, counts, push, ephemeral
  next_key, i = first_key + 3, 0
  for at = first, last, width do
    local class, tail, digest, expires, key = ARGV[at], ARGV[at + 1], '', '0', ''
    if width == 6 then digest, expires, key = ARGV[at + 3], ARGV[at + 4], ARGV[at + 5] end
    i = i + 1
    if class == 'e' then
      results[i] = ''
      ephemeral = ephemeral or {}
      ephemeral[#ephemeral + 1] = '{' .. tail
    elseif results[i] then
      -- A number is the place of the same id earlier in this call, already written.
      results[i] = '=' .. (results[results[i]] or results[i])
    else
      local old = false
      if key ~= '' then old = rare().replaced(KEYS[last_key], log, key, class, safe) end
      if old then call('XDEL', log, old.offset) end
      c, written = c + 1, written + 1
      if class == 'd' then n, b = n + (old and 0 or 1), b + #tail + 1 - (old and old.bytes or 0) end
      counts = format('%d %d %d', c, n, b)
      local packed = head .. ' ' .. counts .. ' ' .. class .. ' ' .. expires .. ' ' .. key
      local offset = call('XADD', log, next_id, 'b', tail, 'm', packed)
      -- What is less as text has the same 13 digits or is 0-0.
      if not (head < offset) and not rare().before(head, offset) then
        -- The log is gone or ends before head: the entry is made again, above it.
        call('XDEL', log, offset)
        offset = call('XADD', log, rare().id_above(head), 'b', tail, 'm', packed)
      end
      next_id = '*'
      if class == 'd' then dhead = offset end
      if key ~= '' then call('HSET', KEYS[last_key], key, offset) end
      if digest ~= '' then
        call('SET', KEYS[next_key], offset .. ' ' .. digest, 'PX', rare().dedupe_ms)
      end
      if expires ~= '0' and expires + 0 > latest_expiry then latest_expiry = expires + 0 end
      if written == 1 then
        first_offset, first_tail = offset, tail
      else
        push = push or {'', first_tail}
        push[2 * written - 1] = ',{"offset":"' .. offset .. '",'
        push[2 * written] = tail
      end
      results[i], head = offset, offset
    end
    if digest ~= '' then next_key = next_key + 1 end
  end
  if written > 0 then
    -- A floor has done its part: from now on offsets are above this head.
    call('HSET', user, 'log', head .. ' ' .. dhead .. ' ' .. counts .. ' ' .. due .. ' ')
    if is_new then call('HSET', user, 'user', ARGV[user_arg + 1]) end
    if is_new or sub(first_prev, 1, PERIOD_DIGITS) ~= sub(head, 1, PERIOD_DIGITS)
        or (latest_expiry > 0 and rare().is_long(head, latest_expiry)) then
      rare().keep_keys(user, log, head, latest_expiry)
    end
    if safe then
      -- What it names is looked at again before it counts, so it may be forgotten where a user has too many keys.
      if call('HLEN', KEYS[last_key]) > COLLAPSE_KEYS then call('DEL', KEYS[last_key]) end
      call('PEXPIRE', KEYS[last_key], rare().keep_ms)
    end
    if c % TRIM_EVERY < written then rare().trim_log(user, log, head, dhead, c) end
    -- Events are put together once: a string of them that becomes a part of another would be hashed twice.
    local message
    if push then
      push[1] = first_prev .. ' ' .. head .. format(' %d', written) .. ' {"offset":"' .. first_offset .. '",'
      message = table.concat(push)
    else
      message = first_prev .. ' ' .. head .. ' 1 {"offset":"' .. first_offset .. '",' .. first_tail
    end
    call('SPUBLISH', ARGV[user_arg], message)
  elseif sub(ARGV[1], -1) == '1' then
    call('HSET', user, 'wait', 1)
    call('HDEL', user, 'wait')
  end
  if ephemeral then
    call('SPUBLISH', ARGV[user_arg], '- - ' .. #ephemeral .. ' ' .. table.concat(ephemeral, ','))
  end
  return results
end
