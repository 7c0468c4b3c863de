-- include log
-- Ends a session: fences both logs, so that nothing is accepted that nobody types, and writes the last entry of each (LS3).
-- KEYS  1 meta, 2 out, 3 in
-- ARGV  1 owner that meta must name, 2 nonce, 3 reason (JSON), 4 ms to keep the session
-- Reply ended | already | not-yours | unknown; idempotent by nonce
local meta, out, input = KEYS[1], KEYS[2], KEYS[3]
local by, nonce, reason, keepMs = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]

local state, owner, fo, fi, cols, rows = unpack(redis.call('HMGET', meta, 'state', 'owner', 'fo', 'fi', 'cols', 'rows'))
if not state then return { 'unknown' } end
fo, fi = fo or '', fi or ''
if state == 'ended' then return { #fo > 0 and struct.unpack('>I8', fo, #fo - 7) == nonce and 'ended' or 'already' } end
if (owner or '') ~= by then return { 'not-yours' } end

local function last(kind, key, tail, fence, payload)
  append(meta, key, fence, tail.seq + 2, struct.pack('>BBI6I8I8I4', kind, 0, fence, tail.seq + 2, tail.offset, tail.crc) .. payload)
end
local outTail, inTail = tailOf(out), tailOf(input)
local outFence, inFence = newFence(fo, outTail), newFence(fi, inTail)
-- The fence on input names no stream: every stream is closed. Its size stays valid for a worker that wakes too late and adopts it.
local nobody = string.rep('\0', 28) .. struct.pack('>I2I2', cols, rows) .. string.rep('\0', 18)
append(meta, out, outFence, outTail.seq + 1, fenceFrame(outputFence, outFence, outTail, nonce, '', by))
last(outputExit, out, outTail, outFence, reason)
append(meta, input, inFence, inTail.seq + 1, fenceFrame(inputFence, inFence, inTail, nonce, nobody, by))
last(inputEnd, input, inTail, inFence, string.rep('\0', 8))

redis.call('HSET', meta, 'state', 'ended', 'fo', withRow(fo, outFence, outTail, nonce), 'fi', withRow(fi, inFence, inTail, nonce))
redis.call('HDEL', meta, 'driver')
for _, key in ipairs({ meta, out, input }) do redis.call('PEXPIRE', key, keepMs) end
return { 'ended' }
