import { describe, expect, it } from 'vitest';
import type { EndReason } from '../../src/protocol/end-reason.ts';
import type { Target } from '../../src/protocol/target.ts';
import type { SessionRecord } from '../../src/session/session-record.ts';
import { UpstreamRefusal } from '../../src/upstream/upstream.ts';
import { endOfOwnCommand, HangUps } from '../../src/worker/hang-ups.ts';
import type { PumpTools } from '../../src/worker/pump-tools.ts';
import { ManualClock } from '../upstream/clocks.ts';

const place = { cluster: 'c', namespace: 'n', pod: 'p', container: 'c' };
const shell: Target = { kind: 'exec', ...place, command: [], tty: true };

function scene(hangUp: () => Promise<number>) {
  const clock = new ManualClock();
  const told: string[] = [];
  let tries = 0;
  const tools = {
    opener: {
      hangUp: () => {
        tries++;
        return hangUp();
      },
    },
    unseal: () => undefined,
    random: { fraction: () => 1 },
    clock,
    log: (event: string, fields: object) => told.push(`${event} ${JSON.stringify(fields)}`),
  };
  // What is used of the tools; the rest has no part in it.
  const hangUps = new HangUps(tools as unknown as PumpTools);
  const begin = (kind: EndReason['kind'], target: Target = shell) => hangUps.begin({ id: 's', target } as SessionRecord, kind);
  const pass = async (ms: number) => {
    clock.advance(ms);
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  return { hangUps, begin, pass, told, clock, tries: () => tries };
}

describe('what a session has left in its pod', () => {
  it.each(['ended', 'abandoned', 'broken', 'worker-lost'] as const)('[UP9] is hung up when a shell was %s', async (kind) => {
    const { hangUps, begin, told } = scene(async () => 0);
    begin(kind);
    await hangUps.settled();
    expect(told).toEqual(['shell hung up {"sessionId":"s","left":0}']);
  });

  it('[UP9] is nothing when the process has ended, and nobody’s business when the relay did not choose it', async () => {
    const { hangUps, begin, tries } = scene(async () => 0);
    for (const kind of ['exited', 'completed', 'refused', 'no-status'] as const) begin(kind);
    begin('abandoned', { ...shell, command: ['sleep', '1000'] });
    begin('abandoned', { kind: 'attach', ...place, tty: true });
    await hangUps.settled();
    expect(tries()).toBe(0);
  });

  it('[UP9] is named in the end of a command that its client gave', () => {
    const told = (command: readonly string[], kind: EndReason['kind']) =>
      endOfOwnCommand({ target: { ...shell, command } } as SessionRecord, { kind, message: 'It is over.' }).message;
    expect(told(['sleep', '1000'], 'abandoned')).toBe('It is over. Its process may still run.');
    expect([told(['sleep', '1000'], 'exited'), told([], 'abandoned')]).toEqual(['It is over.', 'It is over.']);
  });

  it('[UP9] is tried four times while the cluster cannot be reached, once when it may not be', async () => {
    const refusal = (reason: string, retryable: boolean) => new UpstreamRefusal({ kind: 'refused', reason, message: '.' }, retryable);
    const away = scene(async () => Promise.reject(refusal('cluster-unreachable', true)));
    away.begin('broken');
    for (let second = 0; second < 60; second++) await away.pass(1000);
    expect([away.tries(), away.told]).toEqual([4, ['processes may be left {"sessionId":"s","reason":"cluster-unreachable"}']]);
    const never = scene(async () => Promise.reject(refusal('forbidden', false)));
    never.begin('abandoned');
    await never.pass(1000);
    expect([never.tries(), never.told]).toEqual([1, ['processes may be left {"sessionId":"s","reason":"forbidden"}']]);
    expect([away.clock.pending, never.clock.pending]).toEqual([0, 0]);
  });

  it('[UP9] is hung up eight at once', async () => {
    const going: Array<(left: number) => void> = [];
    const { hangUps, begin, pass, tries } = scene(() => new Promise((resolve) => going.push(resolve)));
    for (let session = 0; session < 20; session++) begin('worker-lost');
    await pass(0);
    expect(tries()).toBe(8);
    while (going.length > 0) {
      for (const done of going.splice(0)) done(0);
      await pass(0);
    }
    await hangUps.settled();
    expect(tries()).toBe(20);
  });
});
