-- What the scripts of a lane share. A job's name is ID:APPLICATION. A receipt is PLACE:TAKEN:FREE:NAME: the place of the job
-- in the stream, padded so that receipts sort by arrival; how often it was taken; how many of these times do not count; its
-- name. So no two deliveries share one.
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function receipt(place, taken, free, name)
  local millis, sequence = string.match(place, '^(%d+)-(%d+)$')
  return string.format('%s-%010d:%d:%d:%s', millis, tonumber(sequence), taken, free, name)
end

local function parts(receipt)
  local millis, sequence, taken, free, name = string.match(receipt, '^(%d+)-(%d+):(%d+):(%d+):(.+)$')
  return millis .. '-' .. tonumber(sequence), tonumber(taken), tonumber(free), name
end

local function id_and_application(name)
  return string.match(name, '^(.+):(%d+)$')
end

local function body(stream, place)
  local entry = redis.call('XRANGE', stream, place, place)[1]
  return entry and entry[2][4]
end

local function subtract(counts, field)
  if redis.call('HINCRBY', counts, field, -1) <= 0 then
    redis.call('HDEL', counts, field)
  end
end

-- Appends a job that was never taken.
local function append(stream, held, shares, name, body)
  if redis.call('XLEN', stream) == 0 then
    redis.call('PERSIST', stream)
  end
  redis.call('XADD', stream, '*', 'name', name, 'body', body)
  redis.call('HINCRBY', held, name, 1)
  local _, application = id_and_application(name)
  redis.call('HINCRBY', shares, application, 1)
end

-- Takes a job away for good.
local function remove(stream, held, shares, place, name)
  redis.call('XDEL', stream, place)
  subtract(held, name)
  local _, application = id_and_application(name)
  subtract(shares, application)
end

-- An empty stream stays for an hour only. Deleted at once, the next one could begin within the same
-- millisecond and give a place to another job that somebody still has a receipt for.
local function leave(stream)
  if redis.call('XLEN', stream) == 0 then
    redis.call('PEXPIRE', stream, 3600000)
  end
end

