-- Where a job is: 1 in the lane, 2 among the dead letters, 0 neither. KEYS: held, dead. ARGV: id, application.
if redis.call('HEXISTS', KEYS[1], ARGV[1] .. ':' .. ARGV[2]) == 1 then
  return 1
end
local dead = redis.call('HGET', KEYS[2], ARGV[1])
if dead and string.match(dead, '^(%d+):') == ARGV[2] then
  return 2
end
return 0
