-- Writes a new session, state waiting (LS4).
-- KEYS  1 meta
-- ARGV  1 ms to live, 2 resume-key hash, 3 … field, value, field, value …
-- Reply created | taken. Repeated by the same creator (same resume key): created.
local meta, ttlMs, keyHash = KEYS[1], ARGV[1], ARGV[2]
local known = redis.call('HGET', meta, 'keyHash')
if known then return { known == keyHash and 'created' or 'taken' } end
redis.call('HSET', meta, 'state', 'waiting', 'keyHash', keyHash, unpack(ARGV, 3))
redis.call('PEXPIRE', meta, ttlMs)
return { 'created' }
