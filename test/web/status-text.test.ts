import { describe, expect, it } from 'vitest';
import { byteSize } from '../../src/addon/byte-size.ts';
import { gapText, lossText, rewoundText } from '../../src/addon/gap-text.ts';
import type { ClientState } from '../../src/client/client-host.ts';
import { endKinds } from '../../src/protocol/end-reason.ts';
import { endNotice } from '../../src/web/end-notice.ts';
import { endedWell, endText, statusText } from '../../src/web/status-text.ts';

const open = { worker: { worker: 'worker-1', upstream: 'open' as const } };
const calm: ClientState = {
  connection: { kind: 'attached', edge: 'edge-1' },
  session: 'session-0123456789',
  driving: true,
  untypedBytes: 0,
  status: open,
  edgeRttMs: 12.3,
  faults: { mismatches: 0, gaps: 0, gapBytes: 0, rewinds: 0 },
  notSentBytes: 0,
  fateUnknownBytes: 0,
  acceptedBytes: 0,
  receivedBytes: 10,
};
const terminal = { kind: 'terminal' as const, retryInMs: undefined, behindBytes: 0 };
const says = (part: Partial<ClientState>, context: Partial<Parameters<typeof statusText>[1]> = {}) => {
  const { tone, text } = statusText({ ...calm, ...part }, { ...terminal, ...context });
  return `${tone}: ${text}`;
};

describe('the badge', () => {
  it.each<[string, Partial<ClientState>]>([
    ['good: edge-1 · 12 ms · driving', {}],
    ['busy: edge-1 · 12 ms · watching', { driving: false }],
    ['good: edge-1 · 12 ms · driving · 2.0 KiB on the way', { untypedBytes: 2048 }],
    ['good: edge-1 · 12 ms · driving', { untypedBytes: 3 }],
    ['busy: connecting again · 3 B typed, waiting', { connection: { kind: 'connecting', tries: 2 }, untypedBytes: 3 }],
    ['busy: connecting', { connection: { kind: 'connecting', tries: 0 }, session: undefined }],
    ['busy: connecting again', { connection: { kind: 'connecting', tries: 2 } }],
    ['busy: waiting for a worker', { status: {}, receivedBytes: 0 }],
    ['busy: connecting to the container', { status: { worker: { worker: 'worker-1', upstream: 'connecting' } } }],
    ['bad: the broker cannot be reached, retrying', { status: { ...open, broker: 'lost' } }],
    ['bad: its worker does not answer, waiting', { status: { ...open, owner: 'silent' } }],
    ['bad: its worker does not answer · 3 B typed, waiting', { status: { ...open, owner: 'silent' }, untypedBytes: 3 }],
    ['good: edge-1 · 12 ms · driving', { status: { ...open, owner: 'up' } }],
    ['over: ended: exit code 3', { connection: { kind: 'ended', reason: { kind: 'exited', code: 3, message: '' } } }],
    ['bad: this session is somebody else’s', { connection: { kind: 'lost', code: 4503, text: 'this session is somebody else’s' } }],
  ])('says "%s"', (said, part) => {
    expect(says(part)).toBe(said);
  });

  it.each([
    ['connection lost, trying again in 2 s', 1006, '', 2100],
    ['connection lost, trying again', 1006, '', 200],
    ['this edge is going away, trying again in 1 s', 4000, 'this edge is going away', 900],
    ['a frame failed its check, trying again', 0, 'a frame failed its check', 75],
  ])('says "%s"', (said, code, text, retryInMs) => {
    expect(says({ connection: { kind: 'waiting', retryMs: 5000, code, text } }, { retryInMs })).toBe(`bad: ${said}`);
  });

  it('says that the relay was never reached, when it was not', () => {
    const connection = { kind: 'waiting' as const, retryMs: 1000, code: 1006, text: '' };
    expect(says({ connection, session: undefined }, { retryInMs: 1000 })).toBe('bad: the relay cannot be reached, trying again in 1 s');
  });

  it('[FC2] names the page as the cause when the upstream is paused for it', () => {
    const status = { worker: { worker: 'worker-1', upstream: 'paused' as const } };
    expect(says({ status }, { behindBytes: 2_200_000 })).toBe('busy: upstream paused: this page is 2.1 MiB behind');
    expect(says({ status })).toBe('busy: upstream paused: waiting for this page');
  });

  it('does not speak of driving over a log', () => {
    expect(says({ driving: false }, { kind: 'log' })).toBe('good: edge-1 · 12 ms');
    const names = statusText(calm, { ...terminal, kind: 'log' }).details.map(([name]) => name);
    expect(names).not.toContain('Keyboard');
  });

  it('[WP3] counts what was missing and what failed its check', () => {
    const faults = { mismatches: 2, gaps: 1, gapBytes: 5000, rewinds: 0 };
    const { details } = statusText({ ...calm, faults, notSentBytes: 7 }, terminal);
    expect(details).toContainEqual(['Missing', '4.9 KiB in 1 gaps']);
    expect(details).toContainEqual(['Failed checks', '2']);
    expect(details).toContainEqual(['Never sent', '7 B']);
  });
});

describe('the end', () => {
  it.each(endKinds)('[UP4] has a text for %s', (kind) => {
    const text = endText({ kind, message: 'A message.' });
    expect(text.length).toBeGreaterThan(3);
    const notice = endNotice({ kind: 'ended', reason: { kind, message: 'A message.', status: '{}' } }, 'New session', '');
    expect(notice).toMatchObject({ headline: text, raw: kind === 'exited' || kind === 'completed' ? undefined : '{}' });
  });

  it('[UP4] is well only with code 0 and by request', () => {
    expect(endedWell({ kind: 'exited', code: 0, message: '' })).toBe(true);
    expect(endedWell({ kind: 'exited', code: 1, message: '' })).toBe(false);
    expect(endedWell({ kind: 'broken', message: '' })).toBe(false);
  });

  it('of a connection that cannot come back says why', () => {
    const notice = endNotice({ kind: 'lost', code: 4504, text: 'no such session' }, 'New session', '');
    expect(notice).toMatchObject({ tone: 'bad', headline: 'not connected', message: 'no such session' });
    expect(endNotice(calm.connection, '', '')).toBeUndefined();
  });
});

describe('what is missing', () => {
  it.each([1, 2, 3, 4, 5] as const)('[LG7] is told with size and cause %i', (cause) => {
    expect(gapText({ sizeBytes: 1536, cause })).toMatch(/^1\.5 KiB of output missing: \w/);
  });

  it('[RS6] is told in one text for both directions', () => {
    expect(lossText(calm)).toBe('');
    const faults = { ...calm.faults, gaps: 1, gapBytes: 2048 };
    expect(lossText({ faults, notSentBytes: 5, fateUnknownBytes: 0 })).toBe('2.0 KiB of output missing, 5 B of typing not sent');
  });

  it('[RS6] tells what was not sent from what nobody knows', () => {
    const state = { ...calm, notSentBytes: 5, fateUnknownBytes: 3 };
    expect(lossText(state)).toBe('5 B of typing not sent, 3 B of typing may or may not have arrived');
    const rows = statusText({ ...state, untypedBytes: 9, acceptedBytes: 4 }, terminal).details;
    expect(rows).toContainEqual(['Fate unknown', '3 B']);
    expect(rows).toContainEqual(['Of this, on the record', '4 B']);
  });

  it('[LG8] is told for a rewind', () => {
    expect(rewoundText(2048)).toContain('2.0 KiB');
  });

  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [10_240, '10 KiB'],
    [1_048_575, '1.0 MiB'],
    [123_456_789, '118 MiB'],
    [5e12, '4.5 TiB'],
  ])('%i bytes are %s', (bytes, text) => {
    expect(byteSize(bytes)).toBe(text);
  });
});
