-- Offsets are stream ids, "<ms>-<n>". Both numbers stay below 2^53, where a double still counts exactly.
local function parts(offset)
  local ms, n = string.match(offset, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(n)
end

-- Whether offset a stands before offset b.
local function before(a, b)
  if a == b then return false end
  local am, an = parts(a)
  local bm, bn = parts(b)
  return am < bm or (am == bm and an < bn)
end

local function later(a, b)
  if before(a, b) then return b end
  return a
end
