-- What the scripts of a lane share. A receipt is PLACE:ATTEMPT:ID: the place of the job in the stream,
-- padded so that receipts sort by arrival; how often it was taken; its id. So no two deliveries share one.
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function receipt(place, attempt, id)
  local millis, sequence = string.match(place, '^(%d+)-(%d+)$')
  return string.format('%s-%010d:%d:%s', millis, tonumber(sequence), attempt, id)
end

local function parts(receipt)
  local millis, sequence, attempt, id = string.match(receipt, '^(%d+)-(%d+):(%d+):(.+)$')
  return millis .. '-' .. tonumber(sequence), tonumber(attempt), id
end

local function body(stream, place)
  local entry = redis.call('XRANGE', stream, place, place)[1]
  return entry and entry[2][4]
end

-- Appends a job that was never taken.
local function append(stream, held, id, body)
  if redis.call('XLEN', stream) == 0 then
    redis.call('PERSIST', stream)
  end
  redis.call('XADD', stream, '*', 'id', id, 'body', body)
  redis.call('HINCRBY', held, id, 1)
end

-- Takes a job away for good.
local function remove(stream, held, place, id)
  redis.call('XDEL', stream, place)
  if redis.call('HINCRBY', held, id, -1) <= 0 then
    redis.call('HDEL', held, id)
  end
end

-- An empty stream stays for an hour only. Deleted at once, the next one could begin within the same
-- millisecond and give a place to another job that somebody still has a receipt for.
local function leave(stream)
  if redis.call('XLEN', stream) == 0 then
    redis.call('PEXPIRE', stream, 3600000)
  end
end

