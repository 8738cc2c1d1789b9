-- Adds to a window, which ends so long after its first addition.
-- KEYS: window. ARGV: amount, length in milliseconds. Answers the sum as a text, because Lua's own
-- numbers are exact up to 2^53 only, and the milliseconds until the end. Nothing opens no window.
if ARGV[1] == '0' and redis.call('EXISTS', KEYS[1]) == 0 then
  return {'0', tonumber(ARGV[2])}
end
local added = redis.pcall('INCRBY', KEYS[1], ARGV[1])
if type(added) == 'table' and added.err then
  if not string.find(added.err, 'overflow', 1, true) then
    return added
  end
  redis.call('SET', KEYS[1], '9223372036854775807', 'KEEPTTL')
end
local sum = redis.call('GET', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  -- A key is over once the clock has passed its end, so the end lies one millisecond before.
  redis.call('PEXPIRE', KEYS[1], ARGV[2] - 1)
  left = ARGV[2] - 1
end
return {sum, left + 1}
