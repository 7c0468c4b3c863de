-- include log
-- Becomes the writer of the input log, under the rules of driving (LG1, RS4, RS5, DR1).
-- KEYS  1 meta, 2 in
-- ARGV  1 nonce, 2 writer id, 3 the driver's 50 bytes with next = 0, 4 typed (client offset),
--       5 mode resume | force | if-fence, 6 streams this client had before (16 bytes each) | fence
-- Reply taken, frame, table, seq and offset before the log's first entry | old-connection | superseded | driven-by-another, stream, fence | ended | unknown
-- `next` in the frame = max(accepted offset of the stream in pos, typed). Idempotent by nonce.
local meta, input = KEYS[1], KEYS[2]
local nonce, writer, head, typed, mode, condition = tonumber(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[6]
local stream, connection = struct.unpack('>c16I4', head)

local state, rows, pos, driver = unpack(redis.call('HMGET', meta, 'state', 'fi', 'pos', 'driver'))
if not state then return { 'unknown' } end
if state == 'ended' then return { 'ended' } end
rows, pos = rows or '', pos or ''
-- What lies in front may be un-typed, and counts against what this writer may append (LG9).
local function withFront(reply)
  if reply[1] ~= 'taken' then return reply end
  local first = redis.call('XRANGE', input, '-', '+', 'COUNT', 1)[1][2][2]
  local _, _, _, seq, offset = struct.unpack('>BBI6I8I8', first)
  return { reply[1], reply[2], reply[3], string.format('%.0f', seq - 1), string.format('%.0f', offset) }
end
local before = takenBefore(input, rows, nonce)
if before then return withFront(before) end

for at = 1, #pos, markBytes do
  local known, number = struct.unpack('>c16I4', pos, at)
  local spent = at + markBytes <= #pos -- another stream has driven since: closed for good (RS6)
  if known == stream and (spent or connection < number) then return { 'old-connection' } end
end
if driver and mode ~= 'force' then
  local current, fence = struct.unpack('>c16I6', driver)
  local allowed = mode == 'if-fence' and tonumber(condition) == fence or mode == 'resume' and current == stream
  if mode == 'resume' then
    for at = 1, #condition, 16 do allowed = allowed or current == string.sub(condition, at, at + 15) end
  end
  if not allowed then return { 'driven-by-another', current, string.format('%.0f', fence) } end
end

local base = tailOf(input)
local fence, newPos, accepted = newFence(rows, base), withStream(pos, base, stream, connection, typed)
head = string.sub(head, 1, 20) .. struct.pack('>I8', accepted) .. string.sub(head, 29)
local frame = fenceFrame(inputFence, fence, base, nonce, head, writer)
rows = withRow(rows, fence, base, nonce)
append(meta, input, fence, base.seq + 1, frame)
redis.call('HSET', meta, 'fi', rows, 'pos', newPos, 'driver', stream .. struct.pack('>I6', fence))
return withFront({ 'taken', frame, rows })
