-- include log
-- After a doubt: is the writer still the log's writer, and where does the log end? A take that was lost is put back (LG6, LG8).
-- KEYS  1 meta, 2 the log
-- ARGV  1 out | in, 2 the writer's fence entry, 3 its table
-- Reply tail, fence, seq | replaced | take-again | ended | unknown
-- Guarantee: what comes after tail in the writer's ring continues this log, whatever was lost before.
local meta, key, log, frame, rows = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3]
local _, _, own, seq, _, _, baseFence, baseSeq, nonce = struct.unpack('>BBI6I8I8I4I6I8I8', frame)
local field = log == 'out' and 'fo' or 'fi'

local state, known, pos = unpack(redis.call('HMGET', meta, 'state', field, 'pos'))
if not state then return { 'unknown' } end
if state == 'ended' then return { 'ended' } end
known = known or ''
for at = 1, #known, rowBytes do -- another take above my base; the nonce tells equal fences of two primaries apart
  local fence, _, _, _, _, rowNonce = struct.unpack('>I6I6I8I8I4I8', known, at)
  if fence > baseFence and (fence ~= own or rowNonce ~= nonce) then return { 'replaced' } end
end
local tail = tailOf(key)
if tail.fence > own then return { 'replaced' } end
if tail.fence == own then
  -- Writes what is there: a server that would refuse the next append (read-only, full, without its replicas) must refuse this too,
  -- or writers would spin between the two.
  redis.call('HSET', meta, field, known)
  -- A fail-over may have lost the flag alone, and an owner that writes may have started the upstream: never queue it again (LS2).
  if log == 'out' then redis.call('HSET', meta, 'started', '1') end
  return { 'tail', string.format('%.0f', own), string.format('%.0f', tail.seq) }
end
-- Input that the predecessor stored is lost and only its client still has it: a resend would jump over the hole (RS4).
if log == 'in' and (tail.fence ~= baseFence or tail.seq ~= baseSeq) then return { 'take-again' } end

append(meta, key, own, seq, frame)
redis.call('HSET', meta, field, rows)
if log == 'out' then -- an owner that writes may have started the upstream: never queue it again (LS2)
  redis.call('HSET', meta, 'owner', string.sub(frame, 51), 'state', 'owned', 'started', '1')
else
  local stream, connection, next = struct.unpack('>c16I4I8', frame, 51)
  local newPos = withStream(pos or '', tail, stream, connection, next)
  redis.call('HSET', meta, 'pos', newPos, 'driver', stream .. struct.pack('>I6', own))
end
return { 'tail', string.format('%.0f', own), string.format('%.0f', seq) }
