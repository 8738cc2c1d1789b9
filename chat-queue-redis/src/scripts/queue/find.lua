-- Where a job is: 1 in the lane, 2 among the dead letters, 0 neither. KEYS: held, dead. ARGV: id.
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then
  return 1
end
return redis.call('HEXISTS', KEYS[2], ARGV[1]) * 2
