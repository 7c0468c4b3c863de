-- Put in front of the scripts that write fences. Frames and tables lie in bytes exactly as protocol/entry.ts, protocol/fence-entry.ts
-- and log/fence-table.ts say. `pos`: rows of client stream 16 B, connection u32, accepted offset u64, in the order of their newest take.
-- Numbers are doubles: exact to 2^53.
local rowBytes, maxRows, markBytes, maxMarks = 40, 32, 28, 16
local outputData, outputFence, outputGap, outputExit, inputData, inputFence, inputEnd = 1, 2, 3, 5, 17, 18, 22

local function idOf(fence, seq) return string.format('%.0f-%.0f', fence, seq) end

-- Where a log goes on: its last entry's id, the offset behind it, its CRC; on input also the accepted client offset of the
-- stream that wrote it (LG1, RS4). 0-0 for a log without entries beside an existing meta (LS4).
local function tailOf(key)
  local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
  if not last then return { fence = 0, seq = 0, offset = 0, crc = 0, accepted = 0 } end
  local frame = last[2][2]
  local kind, flags, fence, seq, offset, crc = struct.unpack('>BBI6I8I8I4', frame)
  local tail = { fence = fence, seq = seq, offset = offset, crc = crc, accepted = 0 }
  if kind == outputData then tail.offset = offset + #frame - 28 - (flags % 4 >= 2 and 20 or 0)
  elseif kind == outputGap then tail.offset = offset + struct.unpack('>I8', frame, 29)
  elseif kind == inputFence then tail.accepted = struct.unpack('>I8', frame, 71)
  elseif kind > 16 then
    tail.accepted = struct.unpack('>I8', frame, 29)
    if kind == inputData then
      tail.offset = offset + #frame - 36
      tail.accepted = tail.accepted + #frame - 36
    end
  end
  return tail
end

-- A new fence: above all that was seen here and not below this server's clock, which no lost take of another primary reaches twice (LG1).
local function newFence(rows, tail)
  local newest = #rows > 0 and struct.unpack('>I6', rows, #rows - rowBytes + 1) or 0
  local time = redis.call('TIME')
  return math.max(tail.fence + 1, newest + 1, time[1] * 1000 + math.floor(time[2] / 1000))
end

local function withRow(rows, fence, base, nonce)
  local row = struct.pack('>I6I6I8I8I4I8', fence, base.fence, base.seq, base.offset, base.crc, nonce)
  return string.sub(rows .. row, -rowBytes * maxRows)
end

-- `head`: on input the 50 bytes of the driver, on output nothing.
local function fenceFrame(kind, fence, base, nonce, head, writer)
  local header = struct.pack('>BBI6I8I8I4', kind, 0, fence, base.seq + 1, base.offset, base.crc)
  return header .. struct.pack('>I6I8I8', base.fence, base.seq, nonce) .. head .. writer
end

-- The stored answer to a take with this nonce; 'superseded' when its entry is trimmed: others have long gone on. Nil: not taken yet.
local function takenBefore(key, rows, nonce)
  for at = 1, #rows, rowBytes do
    local fence, _, seq, _, _, rowNonce = struct.unpack('>I6I6I8I8I4I8', rows, at)
    if rowNonce == nonce then
      local id = idOf(fence, seq + 1)
      local found = redis.call('XRANGE', key, id, id)[1]
      return found and { 'taken', found[2][2], string.sub(rows, 1, at + rowBytes - 1) } or { 'superseded' }
    end
  end
end

-- `pos` when a writer takes the input log: the stream that wrote last gets what it has stored, the new one becomes the newest (RS4, RS5).
local function withStream(pos, tail, stream, connection, typed)
  local accepted, others = typed, ''
  for at = 1, #pos, markBytes do
    local stored = at + markBytes > #pos and tail.accepted or struct.unpack('>I8', pos, at + 20)
    if string.sub(pos, at, at + 15) == stream then accepted = math.max(accepted, stored)
    else others = others .. string.sub(pos, at, at + 19) .. struct.pack('>I8', stored) end
  end
  return string.sub(others .. stream .. struct.pack('>I4I8', connection, accepted), -markBytes * maxMarks), accepted
end

-- Stores first: the only command here that can be refused (OOM), and then the script has changed nothing.
local function append(meta, key, fence, seq, frame)
  redis.call('XADD', key, idOf(fence, seq), 'f', frame)
  redis.call('PEXPIRE', key, math.max(1, redis.call('PTTL', meta)))
  redis.call('SPUBLISH', key, frame)
end
