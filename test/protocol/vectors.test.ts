import { describe, expect, it } from 'vitest';
import { decodeClientFrame, encodeClientFrame } from '../../src/protocol/client-frame.ts';
import { decodeEntry, encodeEntry, entryPayload } from '../../src/protocol/entry.ts';
import { decodeEphemeral, encodeEphemeral } from '../../src/protocol/ephemeral.ts';
import { decodeFence, encodeFence } from '../../src/protocol/fence-entry.ts';
import { FrameType, isEphemeral, isInputEntry, isLogEntry, isOutputEntry } from '../../src/protocol/frame-type.ts';
import { decodeServerFrame, encodeServerFrame } from '../../src/protocol/server-frame.ts';
import { bytesOf, clientVectors, entryVectors, ephemeralVectors, fenceVectors, hexOf, serverVectors } from './vectors.ts';

const compact = (hex: string): string => hex.replaceAll(' ', '');

describe('[WP2] the bytes of each frame are fixed', () => {
  it.each(entryVectors)('[WP2] entry: $name', ({ hex, decoded }) => {
    const { payload, ...header } = decoded;
    expect(hexOf(encodeEntry(header, bytesOf(payload)))).toBe(compact(hex));
    const entry = decodeEntry(bytesOf(hex));
    expect(entry).toMatchObject(header);
    expect(entry && hexOf(entryPayload(entry))).toBe(payload);
  });

  it.each(fenceVectors)('[LG1] fence entry: $name', ({ hex, decoded }) => {
    expect(hexOf(encodeFence(decoded))).toBe(compact(hex));
    const entry = decodeEntry(bytesOf(hex));
    expect(entry && decodeFence(entry)).toStrictEqual(decoded);
  });

  it.each(ephemeralVectors)('[FC2] ephemeral: $name', ({ hex, decoded }) => {
    const { fences, ...body } = decoded;
    expect(hexOf(encodeEphemeral(fences, body))).toBe(compact(hex));
    expect(decodeEphemeral(bytesOf(hex))).toStrictEqual(decoded);
  });

  it.each(clientVectors)('[WP2] browser to edge: $name', ({ hex, decoded }) => {
    expect(hexOf(encodeClientFrame(decoded))).toBe(compact(hex));
    expect(decodeClientFrame(bytesOf(hex))).toStrictEqual({ ok: true, frame: decoded });
  });

  it.each(serverVectors)('[WP2] edge to browser: $name', ({ hex, decoded }) => {
    expect(hexOf(encodeServerFrame(decoded))).toBe(compact(hex));
    expect(decodeServerFrame(bytesOf(hex))).toStrictEqual({ ok: true, frame: decoded });
  });

  it('[WP2] every frame type has a vector', () => {
    const all = [...entryVectors, ...fenceVectors, ...ephemeralVectors, ...clientVectors, ...serverVectors];
    const shown = new Set(all.map(({ hex }) => bytesOf(hex)[0]));
    const missing = Object.entries(FrameType).filter(([, type]) => !shown.has(type));
    expect(missing).toStrictEqual([]);
  });
});

describe('[WP5] the kind of a frame is told by its high nibble', () => {
  it('[WP5] every type belongs to exactly one kind, and numbers between the known types belong to it too', () => {
    for (let type = 0; type < 256; type++) {
      const nibble = type >>> 4;
      const low = type & 15;
      expect(isOutputEntry(type), `type ${type}`).toBe(nibble === 0 && low > 0);
      expect(isInputEntry(type), `type ${type}`).toBe(nibble === 1 && low > 0);
      expect(isLogEntry(type), `type ${type}`).toBe(isOutputEntry(type) || isInputEntry(type));
      expect(isEphemeral(type), `type ${type}`).toBe((nibble === 2 && low > 0) || nibble === 3);
    }
  });
});
