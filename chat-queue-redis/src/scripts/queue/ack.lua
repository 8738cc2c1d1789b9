-- Ends jobs. KEYS: stream, held, shares, taken. ARGV: receipts; those that are not out any more are left alone.
for _, known in ipairs(ARGV) do
  if redis.call('ZREM', KEYS[4], known) == 1 then
    local place, _, _, name = parts(known)
    remove(KEYS[1], KEYS[2], KEYS[3], place, name)
  end
end
leave(KEYS[1])
return 0
