-- The owner is about to send the upstream request: from now on the session is never queued again (LS2).
-- KEYS  1 meta
-- ARGV  1 worker
-- Reply started | not-owner
local meta, worker = KEYS[1], ARGV[1]
local state, owner = unpack(redis.call('HMGET', meta, 'state', 'owner'))
if state ~= 'owned' or owner ~= worker then return { 'not-owner' } end
redis.call('HSET', meta, 'started', '1')
return { 'started' }
