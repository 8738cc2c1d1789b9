-- Ends jobs. KEYS: stream, held, taken. ARGV: receipts; those that are not out any more are left alone.
for _, known in ipairs(ARGV) do
  if redis.call('ZREM', KEYS[3], known) == 1 then
    local place, _, id = parts(known)
    remove(KEYS[1], KEYS[2], place, id)
  end
end
leave(KEYS[1])
return 0
