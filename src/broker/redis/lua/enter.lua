-- Counts a session that is about to be opened, unless a limit would be passed (FC10).
-- KEYS  1 open: sessions by the time they were counted, 2 rate: opens of the running minute
-- ARGV  1 session, 2 most sessions or 0 for no limit, 3 most opens a minute or 0, 4 ms to keep what is counted
-- Reply counted | sessions | opens, ms until the minute is over. Idempotent by session.
local open, rate = KEYS[1], KEYS[2]
local session, mostSessions, mostOpens, keepMs = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]

if redis.call('ZSCORE', open, session) then return { 'counted' } end
if mostOpens > 0 and tonumber(redis.call('GET', rate) or 0) >= mostOpens then
  return { 'opens', math.max(1, redis.call('PTTL', rate)) }
end
if mostSessions > 0 and redis.call('ZCARD', open) >= mostSessions then return { 'sessions' } end
if mostOpens > 0 and redis.call('INCR', rate) == 1 then redis.call('PEXPIRE', rate, 60000) end
if mostSessions > 0 then
  local time = redis.call('TIME')
  redis.call('ZADD', open, time[1] * 1000 + math.floor(time[2] / 1000), session)
  redis.call('PEXPIRE', open, keepMs)
end
return { 'counted' }
