-- Gives a job back. KEYS: taken, due. ARGV: receipt, milliseconds until it is due.
if redis.call('ZREM', KEYS[1], ARGV[1]) == 1 then
  redis.call('ZADD', KEYS[2], now() + ARGV[2], ARGV[1])
end
return 0
