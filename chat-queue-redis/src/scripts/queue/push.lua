-- Appends a job unless the lane is full. What was given back or is taken counts: it stays in the stream.
-- KEYS: stream, held. ARGV: depth, id, body. Answers whether there was room.
if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[1]) then
  return 0
end
append(KEYS[1], KEYS[2], ARGV[2], ARGV[3])
return 1
