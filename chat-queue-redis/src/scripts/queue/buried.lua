-- The ids of dead letters, in order. KEYS: order. ARGV: from where, how many.
return redis.call('ZRANGE', KEYS[1], ARGV[1], '+', 'BYLEX', 'LIMIT', 0, ARGV[2])
