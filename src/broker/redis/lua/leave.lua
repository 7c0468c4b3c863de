-- A driving socket has closed: nobody drives, unless somebody else does by now (DR2).
-- KEYS  1 meta
-- ARGV  1 fence of the input log that must be the newest
-- Reply left | kept
local meta, fence = KEYS[1], tonumber(ARGV[1])
local rows = redis.call('HGET', meta, 'fi')
if not rows or #rows < 40 or struct.unpack('>I6', rows, #rows - 39) ~= fence then return { 'kept' } end
redis.call('HDEL', meta, 'driver')
return { 'left' }
