import { until } from '../../test/support/until.ts';
import type { Contender } from './contender.ts';
import type { Echoer } from './echoer.ts';
import { pause, payloadBytes } from './ping-pong.ts';
import { percentile } from './statistics.ts';

export interface NeighbourSample {
  readonly aloneP50Ms: number;
  readonly floodedP50Ms: number;
  readonly floodMegabytesPerSecond: number;
}

const everySeconds = 0.02;

/** One session echoes a message 50 times a second, alone and then beside a session that floods through the same processes (FC8). */
export async function neighbour(contender: Contender, seconds: number): Promise<NeighbourSample> {
  const quiet = contender.open('echo');
  await until(() => quiet.ready(), { withinMs: 30_000, what: `${contender.name}: a session to open` });
  const aloneP50Ms = await typing(quiet, seconds);
  const flood = contender.open('flood');
  await until(() => flood.receivedBytes > 0, { withinMs: 30_000, what: `${contender.name}: the flood to start` });
  const [bytesThen, then] = [flood.receivedBytes, performance.now()];
  const floodedP50Ms = await typing(quiet, seconds);
  const floodMegabytesPerSecond = (flood.receivedBytes - bytesThen) / 1000 / (performance.now() - then);
  flood.close();
  quiet.close();
  await pause(0.5);
  return { aloneP50Ms, floodedP50Ms, floodMegabytesPerSecond };
}

async function typing(echoer: Echoer, seconds: number): Promise<number> {
  const payload = Buffer.alloc(payloadBytes, 'x');
  const latencies: number[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const sent = performance.now();
    await new Promise<void>((resolve) => echoer.echo(payload, resolve));
    latencies.push(performance.now() - sent);
    await pause(everySeconds);
  }
  return percentile(Float64Array.from(latencies).sort(), 0.5);
}
