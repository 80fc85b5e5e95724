#!lua
-- append: puts events of one or several users into their logs and tells whoever listens; of each user all or none (P1).
--
-- KEYS  for each user: user hash, log, due index, one dedupe key for each event with a digest, in order; last, where an event
--       has a collapse key: the collapse index. In a Cluster all users of a call are of one partition
-- ARGV  1 dedupe window ms, 2 log: events kept, 3 log: ms kept, 4 mailbox: most undelivered events, 5 mailbox: most undelivered
--       bytes, 6 most bytes of a body, 7 ms that the keys live after the last append, 8 "1" if WAIT follows, which waits for
--       writes only: what appends nothing (all duplicates) then writes a field and takes it away again;
--       then for each user: channel, user id, shape, and its events. Of an event: class ("d" durable, "s" stream, "e"
--       ephemeral), body (JSON object text that starts with {"id":"<id>",) and, where the shape says 6, not 2: id (may be ""
--       where it is neither the caller's nor a second attempt), digest ("" if the hub made the id), expires at ms (0 none),
--       collapse key. Shape: "" for three keys and one event of 2, else "<1 if an earlier attempt may have succeeded, or 0>
--       <number of keys> <number of events> <2 or 6>"
-- Returns for each user an offset per event ("" for ephemeral, "=" in front for a duplicate), or {"!CODE", index, message} and
-- nothing written. What fails for one user fails for no other; "!UNAVAILABLE" is an error of Redis, which may have come between.
-- An event with a collapse key takes the place of the last one with that key and class that waits outside parcels.
-- An entry has two fields: b the body, m "<prev> <log count> <durable count> <durable bytes> <class> <expires> <collapse key>".
-- Not allow-oom: when memory is full an append is refused whole.
--
-- Every event passes here, so what costs is kept out of the common path: Lua hashes every byte of every string it makes, a
-- call of a command costs more than most commands, and a script makes its functions anew in each call. So what is rarely
-- called is made where it is (`rare`), and what all users of a call share is made once.
-- Numbers are written with %d, for which Redis has to be a 64-bit program.
local KEYS, ARGV, call = KEYS, ARGV, redis.call
local format, match, sub = string.format, string.match, string.sub
local max_events, max_bytes, max_body = ARGV[4] + 0, ARGV[5] + 0, ARGV[6] + 0
local time = call('TIME')
local now_text = time[1] .. format('%03d', time[2] / 1000)
local now, now_offset = now_text + 0, now_text .. '-0'
local keep_until = now + ARGV[7]
local DUE, NONE = {'due', '1'}, {}

local function make_rare()
-- @include offset
-- @include trim
  -- Finds an id the hub made, in the recent log: such an id repeats only through its own publisher's retry.
  local function logged(log, id)
    local PAGE, HORIZON_MS = 128, 120000
    local needle = '{"id":"' .. id .. '",'
    local from = '+'
    while true do
      local page = call('XREVRANGE', log, from, '-', 'COUNT', PAGE)
      for _, entry in ipairs(page) do
        if sub(entry[2][2], 1, #needle) == needle then return entry[1] end
      end
      local oldest = page[#page]
      if #page < PAGE or parts(oldest[1]) < now - HORIZON_MS then return false end
      from = '(' .. oldest[1]
    end
  end

  -- The offset up to which everything is acknowledged or held, the last that retention removed, the last durable one.
  local function safe_of(user)
    local state = call('HMGET', user, 'acked', 'held', 'trimmed', 'dhead')
    return later(state[1] or '0-0', state[2] or '0-0'), state[3] or '0-0', state[4] or '0-0'
  end

  local function trim_log(user, log, head, count)
    local settled, trimmed, dhead = safe_of(user)
    if not before(settled, dhead) then settled = head end
    if not before(trimmed, settled) then return end
    trimmed = trim(log, head, settled, count, tonumber(ARGV[2]), now - ARGV[3])
    if trimmed then call('HSET', user, 'trimmed', trimmed) end
  end

  -- The waiting event that one with this collapse key replaces: {offset, body bytes}. An older one than `safe` is not touched.
  local function replaced(index, log, key, class, safe)
    local offset = call('HGET', index, key)
    if not offset or not before(safe, offset) then return false end
    local entry = call('XRANGE', log, offset, offset)[1]
    if not entry or match(entry[2][4], '^%S+ %S+ %S+ %S+ (%S+)') ~= class then return false end
    return {offset = offset, bytes = #entry[2][2]}
  end

  return {later = later, logged = logged, safe_of = safe_of, trim_log = trim_log, replaced = replaced}
end
local made
local function rare()
  made = made or make_rare()
  return made
end

-- One user: keys from first_key to last_key, arguments from user_arg, those of events from first to last, `width` each.
local function append(first_key, last_key, user_arg, is_retry, first, last, width)
  local TRIM_EVERY, DAY_MS, COLLAPSE_KEYS = 32, 86400000, 1000
  local user, log = KEYS[first_key], KEYS[first_key + 1]
  local state = call('HMGET', user, 'head', 'c', 'n', 'b', 'due', 'until', 'floor')
  local head, dhead = state[1], '0-0'
  local c_text, n_text, b_text = state[2] or '0', state[3] or '0', state[4] or '0'
  local c, n, b = c_text + 0, n_text + 0, b_text + 0
  if not head then
    -- A log may outlive its hash; its ids must still only grow.
    local newest = call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
    head = newest and newest[1] or '0-0'
  end

  -- First pass: decide, write nothing.
  local results = {false}
  local first_of, digest_of, latest, safe
  local durable, bytes, streamed, next_key, has_durable = 0, 0, 0, first_key + 3, false
  for at = first, last, width do
    local i = (at - first) / width + 1
    local class, size, digest = ARGV[at], #ARGV[at + 1], width == 6 and ARGV[at + 3] or ''
    if size > max_body then return {'!TOO_LARGE', i - 1} end
    if class ~= 'e' then
      local known = false
      if digest ~= '' then
        local id, known_digest = ARGV[at + 2], nil
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
        known = rare().logged(log, ARGV[at + 2])
      end
      if known then
        results[i] = known
      else
        local count, key = 1, width == 6 and ARGV[at + 5] or ''
        if key ~= '' then
          -- Of several with one key the last counts; the others are replaced as it is written.
          latest, safe = latest or {}, safe or rare().safe_of(user)
          local old = latest[class .. key] or rare().replaced(KEYS[last_key], log, key, class, safe)
          latest[class .. key] = {bytes = size}
          if old then count, size = 0, size - old.bytes end
        end
        if class == 'd' then
          durable, bytes, has_durable = durable + count, bytes + size, true
        else
          streamed = streamed + count
        end
      end
    end
    if digest ~= '' then next_key = next_key + 1 end
  end
  if durable > 0 and (n + durable > max_events or b + bytes > max_bytes) then
    -- More than may wait has been logged, so what ended counts: acknowledged (an, ab), or expired since (xn, xb).
    local ended = call('HMGET', user, 'an', 'ab', 'xn', 'xb')
    if n - (ended[1] or 0) - (ended[3] or 0) + durable > max_events
        or b - (ended[2] or 0) - (ended[4] or 0) + bytes > max_bytes then
      return {'!MAILBOX_FULL', 0}
    end
  end
  if streamed > 0 and call('XLEN', log) + streamed > ARGV[2] + max_events then
    rare().trim_log(user, log, head, c)
    if call('XLEN', log) + streamed > ARGV[2] + max_events then return {'!MAILBOX_FULL', 0} end
  end

  -- Second pass: write. The due index may name a user for whom nothing waits, but no event may wait unnamed: so it is first.
  local is_due = has_durable and not state[5]
  if is_due then call('ZADD', KEYS[first_key + 2], now_text, match(user, '^.*:(.+)$')) end
  -- Offsets are above head and above `floor`, whatever the clock says.
  local ms, seq, newest = now_text, 0, state[7] and rare().later(head, state[7]) or head
  if match(newest, '^%d+') + 0 >= now then
    ms, seq = match(newest, '^(%d+)-(%d+)$')
    seq = seq + 1
  end
  local first_prev, written, longest = head, 0, keep_until
  local first_offset, first_body, others, ephemeral
  next_key = first_key + 3
  for at = first, last, width do
    local i = (at - first) / width + 1
    local class, body, digest = ARGV[at], ARGV[at + 1], width == 6 and ARGV[at + 3] or ''
    if class == 'e' then
      results[i] = ''
      ephemeral = ephemeral or {}
      ephemeral[#ephemeral + 1] = body
    elseif results[i] then
      -- A number is the place of the same id earlier in this call, already written.
      results[i] = '=' .. (results[results[i]] or results[i])
    else
      local offset = seq == 0 and now_offset or ms .. format('-%d', seq)
      local expires, key, old = '0', '', false
      if width == 6 then expires, key = ARGV[at + 4], ARGV[at + 5] end
      if key ~= '' then old = rare().replaced(KEYS[last_key], log, key, class, safe) end
      if old then call('XDEL', log, old.offset) end
      seq, c, written = seq + 1, c + 1, written + 1
      if class == 'd' then
        n, b, dhead = n + (old and 0 or 1), b + #body - (old and old.bytes or 0), offset
        n_text, b_text = format('%d', n), format('%d', b)
      end
      c_text = c == n and n_text or format('%d', c)
      call('XADD', log, offset, 'b', body, 'm',
        head .. ' ' .. c_text .. ' ' .. n_text .. ' ' .. b_text .. ' ' .. class .. ' ' .. expires .. ' ' .. key)
      if key ~= '' then call('HSET', KEYS[last_key], key, offset) end
      if digest ~= '' then
        call('SET', KEYS[next_key], offset .. ' ' .. digest, 'PXAT', format('%d', now + ARGV[1]))
      end
      if expires ~= '0' and expires + 0 > longest then longest = expires + 0 end
      if written == 1 then
        first_offset, first_body = offset, body
      else
        others = others or {}
        others[#others + 1] = ',{"offset":"' .. offset .. '",'
        others[#others + 1] = sub(body, 2)
      end
      results[i], head = offset, offset
    end
    if digest ~= '' then next_key = next_key + 1 end
  end
  if written > 0 then
    if has_durable or not state[1] then
      call('HSET', user, 'head', head, 'dhead', dhead, 'c', c_text, 'n', n_text, 'b', b_text, unpack(is_due and DUE or NONE))
    else
      call('HSET', user, 'head', head, 'c', c_text)
    end
    if not state[1] then call('HSET', user, 'user', ARGV[user_arg + 1]) end
    if longest > (state[6] or 0) + 0 then
      -- Extended a day at a time, so that it costs nothing on most appends.
      local until_text = format('%d', longest + DAY_MS)
      call('PEXPIREAT', user, until_text)
      call('PEXPIREAT', log, until_text)
      call('HSET', user, 'until', until_text)
    end
    if safe then
      -- What it names is looked at again before it counts, so it may be forgotten where a user has too many keys.
      if call('HLEN', KEYS[last_key]) > COLLAPSE_KEYS then call('DEL', KEYS[last_key]) end
      call('PEXPIRE', KEYS[last_key], ARGV[7])
    end
    if c % TRIM_EVERY < written then rare().trim_log(user, log, head, c) end
    -- One string in one expression where there is one event.
    call('SPUBLISH', ARGV[user_arg], first_prev .. ' ' .. head .. (written == 1 and ' 1' or format(' %d', written))
      .. ' {"offset":"' .. first_offset .. '",' .. sub(first_body, 2) .. (others and table.concat(others) or ''))
  elseif ARGV[8] == '1' then
    call('HSET', user, 'wait', 1)
    call('HDEL', user, 'wait')
  end
  if ephemeral then
    call('SPUBLISH', ARGV[user_arg], '- - ' .. #ephemeral .. ' ' .. table.concat(ephemeral, ','))
  end
  return results
end

local replies, key, arg = {}, 1, 9
while arg <= #ARGV do
  local is_retry, keys, events, width, shape = '0', 3, 1, 2, ARGV[arg + 2]
  if shape ~= '' then is_retry, keys, events, width = match(shape, '^(%d) (%d+) (%d+) (%d)$') end
  local next_key, first, next_arg = key + keys, arg + 3, arg + 3 + events * width
  local is_done, results = pcall(append, key, next_key - 1, arg, is_retry == '1', first, next_arg - 1, width + 0)
  replies[#replies + 1] = is_done and results or {'!UNAVAILABLE', 0, type(results) == 'table' and results.err or results}
  key, arg = next_key, next_arg
end
return replies
