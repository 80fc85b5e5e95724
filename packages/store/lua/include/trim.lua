-- Removes from a log what is settled (acknowledged or held) and beyond retention; the one place that trims (P2, P3).
-- settled: the last offset that may go. head, count: of the log. Returns the new `trimmed` or false if nothing went.
--
-- Each entry carries the log's running count, so two O(1) reads decide without walking: if more than `keep` entries
-- stand after `settled`, everything up to it may go; otherwise the newest `keep` contain all that is not settled.
local function trim(log, head, settled, count, keep, oldest_ms)
  local removed = 0
  if settled == head then
    removed = redis.call('XTRIM', log, 'MAXLEN', '=', keep)
  else
    local last = redis.call('XREVRANGE', log, settled, '-', 'COUNT', 1)[1]
    if not last then return false end
    local count_then = tonumber(string.match(last[2][4] or '', '^%S+ (%d+)'))
    if not count_then then return false end
    if count - count_then >= keep then
      local ms, n = parts(settled)
      removed = redis.call('XTRIM', log, 'MINID', '=', string.format('%.0f-%.0f', ms, n + 1))
    else
      removed = redis.call('XTRIM', log, 'MAXLEN', '=', keep)
    end
  end
  local oldest = string.format('%.0f-0', oldest_ms)
  if before(settled, oldest) then
    local ms, n = parts(settled)
    oldest = string.format('%.0f-%.0f', ms, n + 1)
  end
  removed = removed + redis.call('XTRIM', log, 'MINID', '=', oldest)
  if removed == 0 then return false end
  local first = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
  if first then return string.match(first[2][4] or '', '^%d+%-%d+') or first[1] end
  return head
end
