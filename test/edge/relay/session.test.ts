import { describe, expect, it } from 'vitest';
import { UpstreamRefusal } from '../../../src/upstream/upstream.ts';
import { TestRelay } from '../../support/test-relay.ts';

describe('a session', () => {
  it('[LS4] is opened, attached, and its output arrives', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    expect(browser.state.connection).toStrictEqual({ kind: 'attached', edge: 'edge-a' });
    expect(browser.state.driving).toBe(true);
    relay.opener.upstream.print('hello\r\n');
    await relay.clock.settle();
    expect(browser.screen).toBe('hello\r\n');
    expect(browser.state.faults).toStrictEqual({ mismatches: 0, gaps: 0, gapBytes: 0, rewinds: 0 });
  });

  it('[WP1] passes bytes that are no text, and characters cut anywhere, as they are', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    const whole = Buffer.concat([Buffer.from('naïve 日本 🙂'), Buffer.from([0xff, 0x00, 0xfe])]);
    for (const byte of whole) relay.opener.upstream.print(new Uint8Array([byte]));
    await relay.clock.settle();
    expect(browser.socket.output).toBe(whole.toString());
    expect(browser.screenBytes).toBe(whole.length);
  });

  it('[LS4] opens its upstream with the size of the terminal that opened it', async () => {
    await using relay = await TestRelay.start();
    await relay.openTerminal(relay.door(), { cols: 132, rows: 43 });
    expect(relay.opener.requests).toHaveLength(1);
    expect(relay.opener.requests[0]).toMatchObject({ size: { cols: 132, rows: 43 }, target: { kind: 'exec', pod: 'web-0' } });
    expect(relay.opener.upstream.sizes).toStrictEqual([]);
  });

  it('[DR1] tells the upstream when the terminal was resized, also while it was being opened', async () => {
    await using relay = await TestRelay.start();
    relay.opener.hold();
    const browser = await relay.openTerminal(relay.door());
    browser.client.resized(100, 30);
    await relay.clock.settle();
    relay.opener.release();
    await relay.clock.settle();
    expect(relay.opener.upstream.sizes).toStrictEqual([{ cols: 100, rows: 30 }]);
    browser.client.resized(90, 20);
    await relay.clock.settle();
    expect(relay.opener.upstream.sizes).toStrictEqual([
      { cols: 100, rows: 30 },
      { cols: 90, rows: 20 },
    ]);
  });

  it('[RS4] types what was typed once, in order', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    for (const key of 'echo hi\r') browser.type(key);
    await relay.clock.settle();
    expect(relay.opener.upstream.typed).toBe('echo hi\r');
    await relay.clock.advance(5_000);
    expect(relay.opener.upstream.typed).toBe('echo hi\r');
    expect(browser.state.untypedBytes).toBe(0);
  });

  it('[LS4] keeps what was typed before the upstream was open', async () => {
    await using relay = await TestRelay.start();
    relay.opener.hold();
    const browser = await relay.openTerminal(relay.door());
    browser.type('ls\r');
    await relay.clock.settle();
    relay.opener.release();
    await relay.clock.settle();
    expect(relay.opener.upstream.typed).toBe('ls\r');
  });

  it('[RS4] the client hears how much was typed with the next output, and by asking when there is none', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    browser.type('l');
    await relay.clock.settle();
    relay.opener.upstream.print('l');
    await relay.clock.settle();
    expect(browser.state.untypedBytes).toBe(0);
    browser.type('s');
    await relay.clock.settle();
    expect(browser.state.untypedBytes).toBe(1);
    await relay.clock.advance(2_000);
    expect(browser.state.untypedBytes).toBe(0);
  });

  it('[UP4] ends with the exit code of its process, after all its output', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    relay.opener.upstream.print('bye\r\n');
    relay.opener.upstream.end({ kind: 'exited', code: 3, message: 'The process ended with code 3.' });
    await relay.clock.settle();
    expect(browser.screen).toBe('bye\r\n');
    expect(browser.state.connection).toMatchObject({ kind: 'ended', reason: { kind: 'exited', code: 3 } });
    expect(relay.stateOf(browser.state.session)).toBe('ended');
  });

  it('[UP3] that is refused upstream ends with the reason, and the refusal is on the record for a later reader', async () => {
    await using relay = await TestRelay.start();
    const end = { kind: 'refused', reason: 'pod-not-found', message: 'There is no such pod.', status: '{"code":404}' } as const;
    relay.opener.refusals.push(new UpstreamRefusal(end, false));
    const browser = await relay.openTerminal(relay.door());
    expect(browser.state.connection).toMatchObject({ kind: 'ended', reason: end });
    expect(relay.opener.requests).toHaveLength(1);
  });

  it('[UP3] tries again when that may help, three times in all', async () => {
    await using relay = await TestRelay.start();
    const end = { kind: 'refused', reason: 'unreachable', message: 'The cluster does not answer.' } as const;
    relay.opener.refusals.push(...Array.from({ length: 3 }, () => new UpstreamRefusal(end, true)));
    const browser = await relay.openTerminal(relay.door());
    expect(browser.state.connection.kind).toBe('attached');
    await relay.clock.advance(10_000);
    expect(browser.state.connection).toMatchObject({ kind: 'ended', reason: end });
    expect(relay.opener.requests).toHaveLength(3);
  });

  it('[UP3] opens when a later try succeeds', async () => {
    await using relay = await TestRelay.start();
    relay.opener.refusals.push(new UpstreamRefusal({ kind: 'refused', message: 'Busy.' }, true));
    const browser = await relay.openTerminal(relay.door());
    browser.type('w\r');
    await relay.clock.advance(1_000);
    expect(relay.opener.upstream.typed).toBe('w\r');
  });

  it('[UP4] is ended by its user for everybody', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    browser.client.end();
    await relay.clock.settle();
    expect(relay.opener.upstream.closed).toBe(true);
    expect(browser.state.connection).toMatchObject({ kind: 'ended', reason: { kind: 'ended' } });
    expect(relay.stateOf(browser.state.session)).toBe('ended');
  });

  it('[UP4] that was ended before its upstream was open does not leave one open', async () => {
    await using relay = await TestRelay.start();
    relay.opener.hold();
    const browser = await relay.openTerminal(relay.door());
    browser.client.end();
    await relay.clock.settle();
    relay.opener.release();
    await relay.clock.settle();
    expect(browser.state.connection).toMatchObject({ kind: 'ended', reason: { kind: 'ended' } });
    expect(relay.opener.opened.filter((upstream) => !upstream.closed)).toStrictEqual([]);
  });

  it('[UP2] tells the end of input to the upstream once, behind all bytes before it', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    browser.type('data');
    await relay.clock.settle();
    browser.socket.from({ kind: 'endOfInput', offset: 3 });
    await relay.clock.settle();
    expect(relay.opener.upstream.inputEnded).toBe(false);
    browser.socket.from({ kind: 'endOfInput', offset: 4 });
    await relay.clock.settle();
    expect(relay.opener.upstream.inputEnded).toBe(true);
    expect(browser.socket.last('inputAck')).toStrictEqual({ kind: 'inputAck', accepted: 4, typed: 4, endOfInput: true });
  });
});
