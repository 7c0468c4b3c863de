-- include log
-- Writes a session again from its owner's memory, whose keys are gone, and takes the output log under a new fence (LG11).
-- KEYS  1 meta, 2 out, 3 in
-- ARGV  1 owner, 2 nonce, 3 ms to live, 4 head of the output log (fence u48, seq u64, offset u64, crc u32), 5 its table,
--       6 table of the input log, 7 pos, 8 driver (stream 16 B, fence u48) or empty, 9 number of output frames, then those frames,
--       number of input frames, those frames, … fields of meta: field, value, field, value …
-- Reply restored, frame, table | exists. Idempotent by nonce.
local meta, out, input = KEYS[1], KEYS[2], KEYS[3]
local owner, nonce, ttlMs, head, fo, fi, pos, driver = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]

if redis.call('EXISTS', meta) == 1 then
  local before = takenBefore(out, redis.call('HGET', meta, 'fo') or '', nonce)
  if before and before[1] == 'taken' then return { 'restored', before[2], before[3] } end
  return { 'exists' }
end
redis.call('DEL', out, input)

local at = 9
for _, key in ipairs({ out, input }) do
  local last = at + tonumber(ARGV[at])
  for index = at + 1, last do
    local _, _, fence, seq = struct.unpack('>BBI6I8', ARGV[index])
    redis.call('XADD', key, idOf(fence, seq), 'f', ARGV[index])
  end
  redis.call('PEXPIRE', key, ttlMs)
  at = last + 1
end

local base = {}
base.fence, base.seq, base.offset, base.crc = struct.unpack('>I6I8I8I4', head)
local fence = newFence(fo, base)
local frame = fenceFrame(outputFence, fence, base, nonce, '', owner)
fo = withRow(fo, fence, base, nonce)
redis.call('HSET', meta, 'state', 'owned', 'owner', owner, 'started', '1', 'fo', fo, 'fi', fi, 'pos', pos, unpack(ARGV, at))
if driver ~= '' then redis.call('HSET', meta, 'driver', driver) end
redis.call('PEXPIRE', meta, ttlMs)
append(meta, out, fence, base.seq + 1, frame)
return { 'restored', frame, fo }
