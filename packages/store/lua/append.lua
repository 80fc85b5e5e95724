#!lua
-- append: puts events of one or several users into their logs and tells whoever listens; of each user all or none (P1).
--
-- KEYS  for each user: user hash, log, due index, one dedupe key for each event with a digest, in order; last, where an event
--       has a collapse key: the collapse index. In a Cluster all users of a call are of one partition
-- ARGV  1 the limits, numbers with a space between: most bytes of a body, mailbox: most undelivered events, mailbox: most
--       undelivered bytes, log: events kept, log: ms kept, dedupe window ms, ms that the keys live after the last append, and 1
--       if WAIT follows, else 0. WAIT waits for writes only: what appends nothing (all duplicates) then writes a field and takes
--       it away again;
--       then for each user: channel, user id, shape, and its events. Of an event: class ("d" durable, "s" stream, "e"
--       ephemeral), tail and, where the shape says 6, not 2: id (may be "" where it is neither the caller's nor a second
--       attempt), digest ("" if the hub made the id), expires at ms (0 none), collapse key. The tail is the JSON text of the
--       event after its opening brace, so that the offset can stand in front: "id":"<id>", and so on up to the closing brace.
--       Shape: "<1 if an earlier attempt may have succeeded, or 0> <number of keys> <number of events> <2 or 6>"; none for
--       three keys and one event of 2, whose class comes in its place
-- Returns for each user an offset per event ("" for ephemeral, "=" in front for a duplicate), alone where there is one event,
-- or {"!CODE", index, message} and nothing written. What fails for one user fails for no other; "!UNAVAILABLE" is an error of
-- Redis, which may have come between.
-- An event with a collapse key takes the place of the last one with that key and class that waits outside parcels.
-- An entry has two fields: b the tail, m "<prev> <log count> <durable count> <durable bytes> <class> <expires> <collapse key>".
-- Not allow-oom: when memory is full an append is refused whole.
--
-- Nearly every event is one of class "d" with nothing else to it, of a user who is known, named by the due index, and has room.
-- It takes a path of its own that makes no function and few strings: 1,000 calls a second, each of which finds little of itself
-- in any cache, take Redis a tenth less than by include/append.lua, which does what is unusual, as if nothing had been tried.
-- What costs: Lua hashes every byte of every string it makes, a call of a command costs more than most commands, and a
-- script makes its functions anew in each call. Nor is Redis asked for the time: a new entry's id tells it.
-- Numbers are written with %d, for which Redis has to be a 64-bit program.
local KEYS, ARGV, call, try = KEYS, ARGV, redis.call, redis.pcall
local format, match, sub = string.format, string.match, string.sub
local max_body, max_events, max_bytes = match(ARGV[1], '^(%d+) (%d+) (%d+)')
max_body, max_events, max_bytes = max_body + 0, max_events + 0, max_bytes + 0
-- Keys are made to live longer once in so many ms, 28 hours: while offsets begin with the same five of 13 digits.
local PERIOD_MS, PERIOD_DIGITS = 100000000, 5
-- Retention looks at a log once in so many events.
local TRIM_EVERY = 32

local append
local replies, key, arg = {}, 1, 2
while arg <= #ARGV do
  local shape, offset = ARGV[arg + 2], false
  if shape == 'd' then
    local user, log, tail = KEYS[key], KEYS[key + 1], ARGV[arg + 3]
    local state = try('HGET', user, 'log')
    -- Named by the due index, and no floor: see include/state.lua.
    local head, c, n, b = match(type(state) == 'string' and state or '', '^(%S+) %S+ (%d+) (%d+) (%d+) 1 $')
    if head then
      local size = #tail + 1
      c, n, b = c + 1, n + 1, b + size
      if c > 1 and c % TRIM_EVERY ~= 0 and size <= max_body and n <= max_events and b <= max_bytes then
        local counts = format('%d %d %d', c, n, b)
        local made = try('XADD', log, '*', 'b', tail, 'm', head .. ' ' .. counts .. ' d 0 ')
        if type(made) == 'string' then
          if head < made and sub(head, 1, PERIOD_DIGITS) == sub(made, 1, PERIOD_DIGITS) then
            offset = made
            call('HSET', user, 'log', offset .. ' ' .. offset .. ' ' .. counts .. ' 1 ')
            call('SPUBLISH', ARGV[arg], head .. ' ' .. offset .. ' 1 {"offset":"' .. offset .. '",' .. tail)
          else
            call('XDEL', log, made)
          end
        end
      end
    end
  end
  if offset then
    replies[#replies + 1] = offset
    key, arg = key + 3, arg + 4
  else
    if not append then
-- @include append
    end
    local is_retry, keys, events, width, first = '0', 3, 1, 2, arg + 2
    if #shape > 1 then
      is_retry, keys, events, width = match(shape, '^(%d) (%d+) (%d+) (%d)$')
      first = first + 1
    end
    local next_key, next_arg = key + keys, first + events * width
    local is_done, results = pcall(append, key, next_key - 1, arg, is_retry == '1', first, next_arg - 1, width + 0)
    if not is_done then results = {'!UNAVAILABLE', 0, type(results) == 'table' and results.err or results} end
    replies[#replies + 1] = results[2] and results or results[1]
    key, arg = next_key, next_arg
  end
end
return replies
