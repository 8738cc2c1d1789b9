-- Dead letters in the order of their ids, each with body and reason. KEYS: dead, reasons, order.
-- ARGV: from where, how many.
local letters = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[3], ARGV[1], '+', 'BYLEX', 'LIMIT', 0, ARGV[2])) do
  letters[#letters + 1] = {id, redis.call('HGET', KEYS[1], id), redis.call('HGET', KEYS[2], id)}
end
return letters
