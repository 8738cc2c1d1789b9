-- Appends a job unless the lane is full, or its application has its share. What was given back or is taken counts: it stays in
-- the stream. KEYS: stream, held, shares. ARGV: most jobs, most of one application, application, name, body. Answers whether there
-- was room.
local share = tonumber(redis.call('HGET', KEYS[3], ARGV[3]) or 0)
if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[1]) or share >= tonumber(ARGV[2]) then
  return 0
end
append(KEYS[1], KEYS[2], KEYS[3], ARGV[4], ARGV[5])
return 1
