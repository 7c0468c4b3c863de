import type { Redis } from 'ioredis';
import { type Clock, sleep } from '../../base/clock.ts';
import { CodedError } from '../../base/coded-error.ts';
import { BrokerUnavailable } from '../broker.ts';
import type { ControlClient } from './control-client.ts';
import { infoOf, type NodeInfo } from './node-info.ts';
import { type Advice, adviceOn, askedSettings, type Settings } from './redis-advice.ts';

/** The server answers, but cannot be used as it is set up. */
class BrokerRefused extends CodedError<'broker-refused'> {
  constructor(message: string) {
    super('broker-refused', message);
  }
}

const retryMs = 200;

/**
 * Waits until the server answers and checks what the rules of the log need of it.
 * @returns what an operator should know of its settings
 * @throws BrokerRefused, or BrokerUnavailable when it does not answer within `withinMs`
 */
export async function checkServer(control: ControlClient, clock: Clock, withinMs: number): Promise<readonly Advice[]> {
  const untilMs = clock.now() + withinMs;
  for (;;) {
    try {
      const nodes = await control.everywhere(async (redis) => ({ node: infoOf(await redis.info()), settings: await settingsOf(redis) }));
      for (const { node } of nodes) refuse(node);
      return nodes.flatMap(({ node, settings }) => adviceOn(node, settings));
    } catch (failure) {
      if (!(failure instanceof BrokerUnavailable)) throw failure;
      if (/\b(WRONGPASS|NOAUTH|NOPERM)\b/.test(String(failure.cause))) throw new BrokerRefused('Redis refuses the user name or password');
      if (clock.now() + retryMs >= untilMs) throw failure;
    }
    await sleep(clock, retryMs);
  }
}

/** A server may not let its settings be read: then they are somebody else's business. */
async function settingsOf(redis: Redis): Promise<Settings | undefined> {
  try {
    const told = (await redis.call('CONFIG', 'GET', ...askedSettings)) as string[];
    return Object.fromEntries(askedSettings.map((name) => [name, told[told.indexOf(name) + 1] ?? '']));
  } catch {
    return undefined;
  }
}

function refuse({ version, maxmemoryPolicy }: NodeInfo): void {
  const major = Number(version.split('.')[0]);
  if (!(major >= 7))
    throw new BrokerRefused(`Redis ${version || 'of an unknown version'} is too old: 7.0 or newer is needed (sharded pub/sub)`);
  // An evicted key is a log that lost its bytes: a full server must refuse appends instead (LG9).
  if (maxmemoryPolicy !== 'noeviction') {
    throw new BrokerRefused(`Redis has maxmemory-policy ${maxmemoryPolicy}: set it to noeviction, evicted keys would lose sessions`);
  }
}
