-- Puts a job among the dead letters unless those are full. KEYS: stream, held, shares, taken, dead, reasons, order.
-- ARGV: receipt, reason, most dead letters.
if redis.call('ZCARD', KEYS[7]) < tonumber(ARGV[3]) and redis.call('ZREM', KEYS[4], ARGV[1]) == 1 then
  local place, _, _, name = parts(ARGV[1])
  local id, application = id_and_application(name)
  local body = body(KEYS[1], place)
  if body then
    redis.call('HSET', KEYS[5], id, application .. ':' .. body)
    redis.call('HSET', KEYS[6], id, ARGV[2])
    redis.call('ZADD', KEYS[7], 0, id)
  end
  remove(KEYS[1], KEYS[2], KEYS[3], place, name)
  leave(KEYS[1])
end
return 0
