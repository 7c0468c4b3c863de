-- Removes entries below an id from the front of a log, never the newest: its offset, CRC and client position are where the log goes on (LG9).
-- KEYS  1 the log
-- ARGV  1 id of the first entry to keep
-- Reply trimmed | kept: no entry at or above the id, as after a fail-over that lost them
local key, first = KEYS[1], ARGV[1]
if #redis.call('XRANGE', key, first, '+', 'COUNT', 1) == 0 then return { 'kept' } end
redis.call('XTRIM', key, 'MINID', '=', first)
return { 'trimmed' }
