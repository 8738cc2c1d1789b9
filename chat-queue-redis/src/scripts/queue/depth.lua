-- How many jobs are in the lane, and how many of them are taken. KEYS: stream, taken.
return {redis.call('XLEN', KEYS[1]), redis.call('ZCARD', KEYS[2])}
