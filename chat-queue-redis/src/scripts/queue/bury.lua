-- Puts a job among the dead letters. KEYS: stream, held, taken, dead, reasons, order. ARGV: receipt, reason.
if redis.call('ZREM', KEYS[3], ARGV[1]) == 1 then
  local place, _, id = parts(ARGV[1])
  local body = body(KEYS[1], place)
  if body then
    redis.call('HSET', KEYS[4], id, body)
    redis.call('HSET', KEYS[5], id, ARGV[2])
    redis.call('ZADD', KEYS[6], 0, id)
  end
  remove(KEYS[1], KEYS[2], place, id)
  leave(KEYS[1])
end
return 0
