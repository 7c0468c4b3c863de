-- owned → waiting, so that another worker can claim it; one that was started only if it can be gone on with (LS2).
-- KEYS  1 meta, 2 out, 3 in
-- ARGV  1 worker, 2 ms to live from now, 3 `started`: also one that was
-- Reply released: it waits, also if it did before | not-owner: somebody else's, started, ended or unknown
local meta, worker, ttlMs, also = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local state, owner, started = unpack(redis.call('HMGET', meta, 'state', 'owner', 'started'))
if state == 'waiting' then return { 'released' } end
if state ~= 'owned' or owner ~= worker or (started and also ~= 'started') then return { 'not-owner' } end
redis.call('HSET', meta, 'state', 'waiting')
redis.call('HDEL', meta, 'owner', 'started')
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ttlMs) end
return { 'released' }
