-- How many dead letters there are. KEYS: order.
return redis.call('ZCARD', KEYS[1])
