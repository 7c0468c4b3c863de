import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeClientFrame, encodeClientFrame } from '../../src/protocol/client-frame.ts';
import { decodeEntry, encodeEntry, entryPayload } from '../../src/protocol/entry.ts';
import { decodeEphemeral, encodeEphemeral } from '../../src/protocol/ephemeral.ts';
import { decodeFence, encodeFence } from '../../src/protocol/fence-entry.ts';
import { decodeGap, encodeGap } from '../../src/protocol/gap.ts';
import { readStream, writeStream } from '../../src/protocol/ids.ts';
import { decodeServerFrame, encodeServerFrame } from '../../src/protocol/server-frame.ts';
import { clientFrame, entry, ephemeral, fenceEntry, gap, serverFrame, stream } from './arbitraries.ts';

/** What is written to JSON and read again: a record of fast-check has a null prototype. */
const plain = <Value>(value: Value): Value => structuredClone(value);

it('[WP2] every log entry is read as it was written', () => {
  fc.assert(
    fc.property(entry, ({ header, payload }) => {
      const frame = encodeEntry(header, payload);
      const decoded = decodeEntry(frame);
      expect(decoded).toStrictEqual({ ...header, frame });
      expect(decoded && entryPayload(decoded)).toStrictEqual(payload);
    }),
  );
});

it('[WP2] a payload written in parts is the payload written whole', () => {
  fc.assert(
    fc.property(entry, fc.nat(80), ({ header, payload }, cut) => {
      expect(encodeEntry(header, payload.subarray(0, cut), payload.subarray(cut))).toStrictEqual(encodeEntry(header, payload));
    }),
  );
});

it('[LG1] every fence entry is read as it was written', () => {
  fc.assert(
    fc.property(fenceEntry, (fence) => {
      const decoded = decodeEntry(encodeFence(fence));
      expect(decoded && decodeFence(decoded)).toStrictEqual(plain(fence));
    }),
  );
});

it('[LG7] every gap is read as it was written', () => {
  fc.assert(
    fc.property(gap, (missing) => {
      expect(decodeGap(encodeGap(missing))).toStrictEqual(plain(missing));
    }),
  );
});

it('[FC2] every ephemeral frame is read as it was written', () => {
  fc.assert(
    fc.property(ephemeral, ({ fences, ...body }) => {
      expect(decodeEphemeral(encodeEphemeral(fences, body))).toStrictEqual(plain({ ...body, fences }));
    }),
  );
});

it('[WP2] every frame of a browser is read as it was written', () => {
  fc.assert(
    fc.property(clientFrame, (frame) => {
      expect(decodeClientFrame(encodeClientFrame(frame))).toStrictEqual({ ok: true, frame: plain(frame) });
    }),
  );
});

it('[WP2] every frame of an edge is read as it was written', () => {
  fc.assert(
    fc.property(serverFrame, (frame) => {
      expect(decodeServerFrame(encodeServerFrame(frame))).toStrictEqual({ ok: true, frame: plain(frame) });
    }),
  );
});

it('[RS4] the name of a client stream is the same 16 bytes in hex', () => {
  fc.assert(
    fc.property(stream, fc.nat(8), (name, at) => {
      const bytes = new Uint8Array(at + 16);
      writeStream(bytes, at, name);
      expect(readStream(bytes, at)).toBe(name);
      expect(Buffer.from(bytes.subarray(at)).toString('hex')).toBe(name);
    }),
  );
});
