import { until } from '../../test/support/until.ts';
import type { Contender } from './contender.ts';
import { totalCpuMicros } from './cpu.ts';
import type { Echoer } from './echoer.ts';
import { percentile } from './statistics.ts';

export const payloadBytes = 64;

export interface EchoSample {
  readonly echoesPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMicrosPerEcho: number;
}

/** Every session echoes as fast as it is answered, for some seconds. */
export async function pingPong(contender: Contender, sessions: number, seconds: number): Promise<EchoSample> {
  const echoers = Array.from({ length: sessions }, () => contender.open('echo'));
  await until(() => echoers.every((echoer) => echoer.ready()), { withinMs: 60_000, what: `${contender.name}: sessions to open` });
  const payload = Buffer.alloc(payloadBytes, 'x');
  const latencies: number[] = [];
  let running = true;
  const loop = (echoer: Echoer) => {
    const sent = performance.now();
    echoer.echo(payload, () => {
      latencies.push(performance.now() - sent);
      if (running) loop(echoer);
    });
  };
  for (const echoer of echoers) loop(echoer);
  await pause(0.5);
  latencies.length = 0;
  const [cpuThen, then] = [totalCpuMicros(contender.pids), performance.now()];
  await pause(seconds);
  const [cpuNow, now, echoes] = [totalCpuMicros(contender.pids), performance.now(), latencies.length];
  running = false;
  const sorted = Float64Array.from(latencies).sort();
  for (const echoer of echoers) echoer.close();
  await pause(0.5);
  return {
    echoesPerSecond: echoes / ((now - then) / 1000),
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    cpuMicrosPerEcho: contender.pids.length === 0 ? 0 : (cpuNow - cpuThen) / echoes,
  };
}

export function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
