import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeClientMessage,
  decodeLogMessage,
  decodeMessage,
  encodeLogMessage,
  encodeMessage,
  maxPayload,
} from '../../../src/upstream/kubernetes/channel-codec.ts';
import { channelProtocol, chooseChannelProtocol, chooseLogProtocol, type Framing } from '../../../src/upstream/kubernetes/subprotocol.ts';

const framing = fc.constantFrom<Framing>('binary', 'base64');
const payload = fc.uint8Array({ minLength: 1, maxLength: 300 });

describe('the messages of exec, attach and log', () => {
  it('[UP2] decodes anything without throwing', () => {
    fc.assert(
      fc.property(framing, fc.uint8Array({ maxLength: 64 }), (form, message) => {
        expect(['bytes', 'empty', 'unknown', 'damaged']).toContain(decodeMessage(form, message).kind);
      }),
    );
  });

  it('[UP2] takes standard and URL base64, padded or not, to the same bytes', () => {
    fc.assert(
      fc.property(payload, (bytes) => {
        const padded = Buffer.from(bytes).toString('base64');
        const url = padded.replaceAll('+', '-').replaceAll('/', '_');
        for (const text of [padded, url, padded.replace(/=+$/, ''), url.replace(/=+$/, '')]) {
          expect(decodeMessage('base64', ascii(`2${text}`))).toEqual({ kind: 'bytes', channel: 2, bytes: Buffer.from(bytes) });
          expect(decodeLogMessage('base64', ascii(text))).toEqual(Buffer.from(bytes));
        }
      }),
    );
  });

  it('[UP2] sends standard padded base64 or the raw bytes behind the channel', () => {
    fc.assert(
      fc.property(fc.constantFrom<0 | 4>(0, 4), payload, (channel, bytes) => {
        expect(encodeMessage('base64', channel, bytes)).toBe(channel + Buffer.from(bytes).toString('base64'));
        expect(Buffer.from(encodeMessage('binary', channel, bytes) as Uint8Array)).toEqual(Buffer.from([channel, ...bytes]));
      }),
    );
  });

  it.each<[string, Framing, Uint8Array, string]>([
    ['an empty message', 'binary', Uint8Array.of(), 'empty'],
    ['the first, empty frame of stdout', 'binary', Uint8Array.of(1), 'empty'],
    ['an empty text', 'base64', ascii(''), 'empty'],
    ['the first, empty text of stdout', 'base64', ascii('1'), 'empty'],
    ['stdin from the server', 'binary', Uint8Array.of(0, 1), 'unknown'],
    ['a resize from the server', 'binary', Uint8Array.of(4, 1), 'unknown'],
    ['the close channel', 'binary', Uint8Array.of(255, 1), 'unknown'],
    ['a channel nobody knows', 'base64', ascii('9YQ=='), 'unknown'],
    ['a blank inside base64', 'base64', ascii('1YW Jj'), 'damaged'],
    ['a base64 of an impossible length', 'base64', ascii('1YWJjZ'), 'damaged'],
    ['a null byte inside base64', 'base64', ascii('1YW\0j'), 'damaged'],
  ])('[UP2] reads %s', (_what, form, message, kind) => {
    expect(decodeMessage(form, message).kind).toBe(kind);
  });

  it('[UP2] hands out the bytes of a binary message without a copy', () => {
    const message = Uint8Array.of(1, 2, 3);
    const decoded = decodeMessage('binary', message);
    expect(decoded.kind === 'bytes' && decoded.bytes.buffer).toBe(message.buffer);
  });

  it.each<Framing>(['binary', 'base64'])('[UP2] cuts input so that a %s message stays within 32 KiB', (form) => {
    const bytes = new Uint8Array(maxPayload(form)).fill(0xff);
    expect(encodeMessage(form, 0, bytes).length).toBeLessThanOrEqual(32 * 1024);
    expect(encodeMessage(form, 0, bytes).length).toBeGreaterThan(32 * 1024 - 4);
  });

  it('[DI2] reads as a server what it writes as a client, and never throws', () => {
    const names = ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io', 'base64.channel.k8s.io', 'channel.k8s.io'];
    const kinds = ['input', 'resize', 'close', 'nothing', 'damaged', 'bad-close'];
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.constantFrom<0 | 4>(0, 4),
        payload,
        fc.uint8Array({ maxLength: 8 }),
        (name, to, bytes, any) => {
          const protocol = channelProtocol(name);
          const decoded = decodeClientMessage(protocol, buffer(encodeMessage(protocol.framing, to, bytes)));
          expect(decoded).toEqual({ kind: to === 0 ? 'input' : 'resize', bytes: Buffer.from(bytes) });
          expect(kinds).toContain(decodeClientMessage(protocol, any).kind);
          const log = buffer(encodeLogMessage(protocol.framing, bytes));
          expect(decodeLogMessage(protocol.framing, log)).toEqual(Buffer.from(bytes));
        },
      ),
    );
  });

  it('[DI2] ends the input apart on v5 only, and knows a broken close', () => {
    const v5 = channelProtocol('v5.channel.k8s.io');
    expect(decodeClientMessage(v5, Uint8Array.of(255, 0))).toEqual({ kind: 'close', stream: 0 });
    for (const broken of [[255], [255, 0, 0]]) expect(decodeClientMessage(v5, Uint8Array.from(broken))).toEqual({ kind: 'bad-close' });
    expect(decodeClientMessage(channelProtocol('v4.channel.k8s.io'), Uint8Array.of(255, 0))).toEqual({ kind: 'nothing' });
  });

  it.each([
    [['v4.channel.k8s.io', 'v5.channel.k8s.io'], 'v5.channel.k8s.io'],
    [['v3.channel.k8s.io', 'base64.channel.k8s.io', 'v4.channel.k8s.io'], 'base64.channel.k8s.io'],
    [[], 'channel.k8s.io'],
    [['v3.channel.k8s.io'], undefined],
  ])('[DI2] chooses of %j as servers do', (offered, chosen) => {
    expect(chooseChannelProtocol(offered)?.name).toBe(chosen);
  });

  it('[DI2] chooses a framing for logs', () => {
    expect(chooseLogProtocol(['x', 'base64.binary.k8s.io'])).toEqual({ name: 'base64.binary.k8s.io', framing: 'base64' });
    expect(chooseLogProtocol([])).toEqual({ name: '', framing: 'binary' });
    expect(chooseLogProtocol(['v4.channel.k8s.io'])).toBeUndefined();
  });
});

function ascii(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

function buffer(message: Uint8Array | string): Buffer {
  return typeof message === 'string' ? Buffer.from(message) : Buffer.from(message);
}
