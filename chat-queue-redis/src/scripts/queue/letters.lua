-- Dead letters by their ids, each with application, body and reason. KEYS: dead, reasons. ARGV: ids.
local letters = {}
for _, id in ipairs(ARGV) do
  local dead = redis.call('HGET', KEYS[1], id)
  if dead then
    local application, body = string.match(dead, '^(%d+):(.*)$')
    letters[#letters + 1] = {id, application, body, redis.call('HGET', KEYS[2], id)}
  end
end
return letters
