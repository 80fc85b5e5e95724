-- The text of a user whom the due index no longer names.
local function not_due(text)
  return (string.gsub(text, '%d( %S*)$', '0%1'))
end
