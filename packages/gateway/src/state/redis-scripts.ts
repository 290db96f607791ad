/** The changes that must be atomic, in Redis' Lua. Every name begins with one hash tag, so a cluster has them in one slot. */

/** purse | burst perSecond now skew → milliseconds to wait, 0 when a token was taken. */
export const takeScript: string = `
local burst, rate, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local row = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = burst
if row[1] then tokens = math.min(burst, tonumber(row[1]) + math.max(0, now - tonumber(row[2])) * rate / 1000) end
local wait = 0
if tokens < 1 then wait = math.ceil((1 - tokens) * 1000 / rate) else tokens = tokens - 1 end
local at = now
if row[2] and tonumber(row[2]) - now < tonumber(ARGV[4]) then at = math.max(now, tonumber(row[2])) end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', string.format('%.0f', at))
redis.call('PEXPIRE', KEYS[1], math.ceil((burst - tokens) * 1000 / rate + at - now) + 1000)
return wait`

/** purse nonce | burst perSecond now skew life → as above, or `known`. */
export const takeOnceScript: string = `
if not redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[5]) then return 'known' end${takeScript}`

/** open:hotkey session expiry | uploads bytes uploadId size expiresAt json → what happened. */
export const openScript: string = `
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[1]) then return 'too many uploads' end
local sum = tonumber(ARGV[4])
for _, size in ipairs(redis.call('HVALS', KEYS[1])) do sum = sum + tonumber(size) end
if sum > tonumber(ARGV[2]) then return 'too many bytes' end
redis.call('HSET', KEYS[1], ARGV[3], ARGV[4])
redis.call('SET', KEYS[2], ARGV[6])
redis.call('ZADD', KEYS[3], ARGV[5], ARGV[3])
return 'opened'`

/** session expiry open:hotkey | uploadId json until */
export const finishScript: string = `
redis.call('HDEL', KEYS[3], ARGV[1])
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return 1`

/** session expiry open:hotkey | uploadId */
export const forgetScript: string = `
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('DEL', KEYS[1])`

/** expiry | prefix now leaseUntil limit → sessions */
export const claimScript: string = `
local ids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[2], 'LIMIT', 0, ARGV[4])
local found = {}
for _, id in ipairs(ids) do
  local text = redis.call('GET', ARGV[1] .. 'session:' .. id)
  if text then
    redis.call('ZADD', KEYS[1], ARGV[3], id)
    found[#found + 1] = text
  else
    redis.call('ZREM', KEYS[1], id)
  end
end
return found`
