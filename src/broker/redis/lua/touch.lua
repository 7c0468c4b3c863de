-- Refreshes the TTL of all keys of a session together (LG9). An ended session keeps its grace time.
-- KEYS  1 meta, 2 out, 3 in
-- ARGV  1 worker, 2 ms to live from now
-- Reply touched: meta names the worker | not-owner
local meta, worker, ttlMs = KEYS[1], ARGV[1], ARGV[2]
local state, owner = unpack(redis.call('HMGET', meta, 'state', 'owner'))
if not state or owner ~= worker then return { 'not-owner' } end
if state == 'owned' then
  for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ttlMs) end
end
return { 'touched' }
