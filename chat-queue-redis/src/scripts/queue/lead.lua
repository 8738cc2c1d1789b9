-- Whether a node leads, from now on for so long. KEYS: leader. ARGV: node, lease in milliseconds.
local leader = redis.call('GET', KEYS[1])
if leader and leader ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
