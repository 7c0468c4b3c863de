import { Buffer } from 'node:buffer';
import { encodeTable } from '../../log/fence-table.ts';
import { writeU32, writeU48, writeU64 } from '../../protocol/bytes.ts';
import { writeStream } from '../../protocol/ids.ts';
import type { Position } from '../../protocol/position.ts';
import { rememberedStreams } from '../lifetimes.ts';
import type { RestoreRequest, StreamMark } from '../log-store.ts';
import { writtenFields } from './session-fields.ts';

/** The arguments of `restore.lua`, in its order. */
export function restoreArguments(request: RestoreRequest, sessionMs: number): readonly (string | Uint8Array)[] {
  const { nonce, record, out, streams, driver } = request;
  return [
    record.owner ?? '',
    String(nonce),
    String(sessionMs),
    packedHead(out.head),
    encodeTable(out.table),
    encodeTable(request.in.table),
    Buffer.concat(streams.slice(-rememberedStreams).map(packedMark)),
    driver ? packedDriver(driver) : '',
    String(out.frames.length),
    ...out.frames,
    String(request.in.frames.length),
    ...request.in.frames,
    'keyHash',
    record.keyHash,
    ...writtenFields(record).map(String),
  ];
}

function packedHead({ fence, seq, offset, crc }: Position): Uint8Array {
  const bytes = new Uint8Array(26);
  writeU48(bytes, 0, fence);
  writeU64(bytes, 6, seq);
  writeU64(bytes, 14, offset);
  writeU32(bytes, 22, crc);
  return bytes;
}

function packedMark({ stream, connection, accepted }: StreamMark): Uint8Array {
  const bytes = new Uint8Array(28);
  writeStream(bytes, 0, stream);
  writeU32(bytes, 16, connection);
  writeU64(bytes, 20, accepted);
  return bytes;
}

function packedDriver({ stream, fence }: NonNullable<RestoreRequest['driver']>): Uint8Array {
  const bytes = new Uint8Array(22);
  writeStream(bytes, 0, stream);
  writeU48(bytes, 16, fence);
  return bytes;
}
