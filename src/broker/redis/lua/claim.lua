-- waiting → owned; a worker may claim its own session again (LS2).
-- KEYS  1 meta, 2 out, 3 in
-- ARGV  1 worker, 2 ms to live from now, 3 … fields of meta to answer
-- Reply claimed, the values of those fields | not-waiting | unknown
local meta, worker, ttlMs = KEYS[1], ARGV[1], ARGV[2]
local state, owner = unpack(redis.call('HMGET', meta, 'state', 'owner'))
if not state then return { 'unknown' } end
if state == 'owned' and owner == worker then return { 'claimed', redis.call('HMGET', meta, unpack(ARGV, 3)) } end
if state ~= 'waiting' then return { 'not-waiting' } end
redis.call('HSET', meta, 'state', 'owned', 'owner', worker)
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ttlMs) end
return { 'claimed', redis.call('HMGET', meta, unpack(ARGV, 3)) }
