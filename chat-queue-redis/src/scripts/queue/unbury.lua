-- Takes a dead letter away, and appends it to its lane if it is revived. KEYS: dead, reasons, order, stream,
-- held, shares. ARGV: id, 1 to revive it. Answers whether there was one.
local dead = redis.call('HGET', KEYS[1], ARGV[1])
if not dead then
  return 0
end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
if ARGV[2] == '1' then
  local application, body = string.match(dead, '^(%d+):(.*)$')
  append(KEYS[4], KEYS[5], KEYS[6], ARGV[1] .. ':' .. application, body)
end
return 1
