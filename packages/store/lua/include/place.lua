-- Tells the index of the first entry of a parcel list that ends at an offset or after it; the list's length without one.
-- The list is in log order, so a few reads find it in a long one.
local function place(parcels, offset)
  local low, high = 0, redis.call('LLEN', parcels)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if before(string.match(redis.call('LINDEX', parcels, middle), '^%S+ %S+ (%S+)'), offset) then
      low = middle + 1
    else
      high = middle
    end
  end
  return low
end
