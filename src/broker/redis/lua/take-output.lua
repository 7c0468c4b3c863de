-- include log
-- Becomes the writer of the output log: fence entry, table row, owner, push, in one step (LG1, LS2).
-- KEYS  1 meta, 2 out
-- ARGV  1 owner that meta must name, 2 new owner, 3 nonce, 4 writer id
-- Reply taken, frame, table | not-owner | superseded | ended | unknown
-- Idempotent by nonce: the same answer, nothing written; asked before the owner, which the first call has changed.
local meta, out = KEYS[1], KEYS[2]
local expected, newOwner, nonce, writer = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]

local state, owner, rows = unpack(redis.call('HMGET', meta, 'state', 'owner', 'fo'))
if not state then return { 'unknown' } end
if state == 'ended' then return { 'ended' } end
rows = rows or ''
local before = takenBefore(out, rows, nonce)
if before then return before end
if (owner or '') ~= expected then return { 'not-owner' } end

local base = tailOf(out)
local fence = newFence(rows, base)
local frame = fenceFrame(outputFence, fence, base, nonce, '', writer)
rows = withRow(rows, fence, base, nonce)
append(meta, out, fence, base.seq + 1, frame)
redis.call('HSET', meta, 'fo', rows, 'owner', newOwner)
return { 'taken', frame, rows }
