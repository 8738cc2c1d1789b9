-- Sets a count unless the stored one has the same version or a later one.
-- KEYS: value, version (in one slot). ARGV: value, version. Numbers are compared as texts, because
-- Lua's own are exact up to 2^53 only.
local known = redis.call('MGET', KEYS[1], KEYS[2])
if known[1] and known[2] then
  local old, new = known[2], ARGV[2]
  if #old > #new or (#old == #new and old >= new) then
    return 0
  end
end
redis.call('MSET', KEYS[1], ARGV[1], KEYS[2], ARGV[2])
return 1
