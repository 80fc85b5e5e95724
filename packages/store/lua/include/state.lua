-- Where a user's log stands, packed into the field `log` of the user hash, since each field more costs every append:
-- "<head> <dhead> <c> <n> <b> <1 while the due index names the user, else 0> <floor, or nothing>". Counts stay text.
local function state_of(text)
  return string.match(text or '0-0 0-0 0 0 0 0 ', '^(%S+) (%S+) (%d+) (%d+) (%d+) (%d) (%S*)$')
end
