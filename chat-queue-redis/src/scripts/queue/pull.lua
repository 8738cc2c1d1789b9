-- Takes jobs: those whose lease has run out, those that were given back and are due, those that wait.
-- KEYS: stream, held, shares, taken, due. ARGV: limit, lease in milliseconds. Answers the place after which new
-- jobs come, the milliseconds until one is due or a lease runs out (-1: none), and receipts with bodies.
local limit, time = tonumber(ARGV[1]), now()
local jobs = {}

local function take(place, taken, free, name, body)
  local receipt = receipt(place, taken, free, name)
  redis.call('ZADD', KEYS[4], time + ARGV[2], receipt)
  jobs[#jobs + 1] = {receipt, body}
end

local function again(key)
  if #jobs == limit then
    return
  end
  local over = redis.call('ZRANGE', key, '-inf', time, 'BYSCORE', 'LIMIT', 0, limit - #jobs)
  for _, known in ipairs(over) do
    redis.call('ZREM', key, known)
    local place, taken, free, name = parts(known)
    local body = body(KEYS[1], place)
    if body then
      take(place, taken + 1, free, name, body)
    else
      -- Somebody else has cut the stream.
      remove(KEYS[1], KEYS[2], KEYS[3], place, name)
    end
  end
end

-- The group is where taking has come to. What is taken is kept with the end of its lease instead of the
-- group's own list, which knows only how long ago it was taken, and leases differ.
local function read()
  return redis.pcall('XREADGROUP', 'GROUP', 'workers', 'worker', 'COUNT', limit - #jobs, 'NOACK', 'STREAMS', KEYS[1], '>')
end

again(KEYS[4])
again(KEYS[5])
local after = '0-0'
if #jobs < limit and redis.call('EXISTS', KEYS[1]) == 1 then
  local new = read()
  if type(new) == 'table' and new.err and string.find(new.err, 'NOGROUP', 1, true) then
    redis.call('XGROUP', 'CREATE', KEYS[1], 'workers', '0')
    new = read()
  end
  if type(new) == 'table' and new.err then
    return new
  end
  for _, entry in ipairs(new and new[1][2] or {}) do
    take(entry[1], 1, 0, entry[2][2], entry[2][4])
  end
  if #jobs == 0 then
    local group = redis.call('XINFO', 'GROUPS', KEYS[1])[1]
    for place = 1, #group, 2 do
      if group[place] == 'last-delivered-id' then
        after = group[place + 1]
      end
    end
  end
end

local soon = -1
for _, key in ipairs({KEYS[4], KEYS[5]}) do
  local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]
  if first and (soon < 0 or first - time < soon) then
    soon = math.max(first - time, 0)
  end
end
return {after, soon, jobs}
