-- Gives a job back. KEYS: taken, due. ARGV: receipt, milliseconds until it is due, 1 if this time does not count.
if redis.call('ZREM', KEYS[1], ARGV[1]) == 1 then
  local place, taken, free, name = parts(ARGV[1])
  redis.call('ZADD', KEYS[2], now() + ARGV[2], receipt(place, taken, free + ARGV[3], name))
end
return 0
