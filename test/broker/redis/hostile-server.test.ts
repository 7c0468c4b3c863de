import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/bin/system.ts';
import { BrokerUnavailable } from '../../../src/broker/broker.ts';
import { parseRedisUrl } from '../../../src/broker/redis/redis-address.ts';
import { RedisLink } from '../../../src/broker/redis/redis-link.ts';
import { encodeEntry } from '../../../src/protocol/entry.ts';
import { platformRandom } from '../../contract/broker/twins.ts';
import { pinned } from '../../support/fuzz.ts';
import { ScriptedRedis } from '../../support/scripted-redis.ts';
import { until } from '../../support/until.ts';
import { almostResp, encodeReply, inPieces, reply } from './resp-arbitraries.ts';

const frame = encodeEntry({ type: 1, flags: 0, fence: 7, seq: 3, offset: 0, crc: 0 }, Uint8Array.of(1, 2));
/** Long enough for one turn of a busy machine, short enough for many runs. */
const timeoutMs = 250;

describe('a server that answers what no Redis answers', () => {
  let server: ScriptedRedis;
  beforeAll(async () => {
    server = await ScriptedRedis.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const linkTo = () =>
    new RedisLink({
      address: parseRedisUrl(`redis://127.0.0.1:${server.port}`),
      clock: systemClock,
      random: platformRandom,
      scripts: [],
      timeoutMs,
      events: {},
    });

  async function withLink(use: (link: RedisLink) => Promise<void>): Promise<void> {
    server.script = () => undefined;
    const link = linkTo();
    link.open();
    await until(() => link.up, { what: 'the link to be up' });
    try {
      await use(link);
    } finally {
      link.close();
    }
  }

  const said = fc.oneof(
    almostResp,
    fc.array(reply, { maxLength: 4 }).map((parts) => Buffer.concat(parts.map(encodeReply))),
  );

  it('[LG6] every command under way is answered: an append is stored by its own id alone, anything broken breaks the link', async () => {
    const ours = fc
      .constantFrom('$3\r\n7-3\r\n', '+7-3\r\n', '$3\r\n7-2\r\n', '$3\r\n7-4\r\n', '$-1\r\n', '-OOM x\r\n', '+OK\r\n')
      .map(Buffer.from);
    const start = fc.oneof(ours, said);
    await fc.assert(
      fc.asyncProperty(start, said, fc.array(fc.nat(1_000), { maxLength: 4 }), (first, rest, cuts) =>
        withLink(async (link) => {
          const whole = Buffer.concat([first, rest]);
          server.script = ([name], socket) => {
            if (name === 'XADD') for (const piece of inPieces(whole, cuts)) socket.write(piece);
            return ['XADD', 'SPUBLISH', 'XRANGE', 'EVALSHA'].includes(name ?? '') ? Buffer.alloc(0) : undefined;
          };
          const script = { name: 'x', source: 'x', sha: 'x' };
          const [stored, ...others] = await Promise.allSettled([
            link.append('k', frame),
            link.command(['XRANGE', 'k']),
            link.script(script, [], []),
          ]);
          const isOurs = /^(\$3\r\n|\+)7-3\r\n/.test(whole.toString('latin1'));
          expect(stored).toEqual({ status: 'fulfilled', value: isOurs ? 'stored' : 'doubt' });
          for (const other of others) {
            if (other.status === 'rejected') expect(other.reason).toBeInstanceOf(BrokerUnavailable);
            else expect(other.value).not.toBeInstanceOf(Error);
          }
        }),
      ),
      pinned(31, 60),
    );
    await until(() => server.connections === 0);
  }, 600_000);

  it('[LG4] a listener hears bytes until its subscription is over, whatever is pushed', async () => {
    const push = fc.oneof(said, fc.constant(Buffer.from('*3\r\n$8\r\nsmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n')));
    await fc.assert(
      fc.asyncProperty(fc.array(push, { maxLength: 5 }), (pushes) =>
        withLink(async (link) => {
          let [live, over] = [false, false];
          server.script = ([name], socket) => {
            if (name === 'SSUBSCRIBE') setImmediate(() => socket.end(Buffer.concat(pushes)));
            return undefined;
          };
          const told = {
            subscribed: () => {
              live = true;
            },
            push: (bytes: Uint8Array) => expect([bytes instanceof Uint8Array, live, over]).toEqual([true, true, false]),
            broken: () => {
              over = true;
            },
          };
          link.subscribe('c', told);
          await until(() => over, { what: 'the subscription to be over' });
        }),
      ),
      pinned(32, 60),
    );
    await until(() => server.connections === 0);
  }, 600_000);

  it('[FC4] a barrier is passed by a count of replicas, and by nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(said, (bytes) =>
        withLink(async (link) => {
          const replicas = 'role:master\r\nrun_id:1\r\nslave0:ip=1,state=online,lag=0\r\n';
          let waits = 0;
          server.script = ([name]) => {
            if (name === 'INFO') return Buffer.from(`$${replicas.length}\r\n${replicas}\r\n`);
            return name === 'WAIT' && ++waits > 0 ? bytes : undefined;
          };
          link.break(new Error('to look again'));
          await until(() => link.up, { what: 'the link to be up again' });
          let passed: string | undefined;
          void link.confirm()?.then((confirmation) => {
            passed = confirmation;
          });
          await until(() => passed !== undefined || waits > 2 || !link.up);
          if (passed === 'replicated') expect(bytes.toString('latin1')).toMatch(/^:[1-9]/);
          else expect(passed).not.toBe('alone');
        }),
      ),
      pinned(33, 20),
    );
  }, 600_000);

  it('[LG6] is left, and is used again when it answers like a Redis', async () => {
    await withLink(async (link) => {
      server.script = ([name]) => (name === 'XADD' ? Buffer.from('*99999999999999\r\n') : undefined);
      expect(await link.append('k', frame)).toBe('doubt');
      expect(link.up).toBe(false);
      server.script = () => undefined;
      await until(() => link.up);
      expect(await link.append('k', frame)).toBe('stored');
    });
  });
});
