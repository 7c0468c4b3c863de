import type { Gauge } from '../telemetry/gauges.ts';
import { failure } from './http/answers.ts';
import { healthRoutes, type Readiness } from './http/health-routes.ts';
import { matchRoute } from './http/route.ts';
import { withSecurityHeaders } from './http/security-headers.ts';
import type { Doors, HttpRequest, HttpResponse } from './listener.ts';

/** For operators, on an address of its own: health and the process's own numbers in Prometheus' text form. */
export class AdminDoors implements Doors {
  readonly #health;
  readonly #gauges: () => readonly Gauge[];

  constructor(notReady: Readiness, gauges: () => readonly Gauge[]) {
    this.#health = healthRoutes(notReady);
    this.#gauges = gauges;
  }

  async http(request: HttpRequest): Promise<HttpResponse> {
    const match = matchRoute(this.#health, request.method, request.path);
    if (match.kind === 'route' && match.route.access === 'open') return await match.route.answer(request);
    if (request.path === '/metrics' && request.method === 'GET') return metrics([...processGauges(), ...this.#gauges()]);
    return withSecurityHeaders(failure(404, 'not-found', 'Try /healthz, /readyz or /metrics.'), []);
  }

  async upgrade(): Promise<HttpResponse> {
    return failure(404, 'not-found', 'There is no socket at this address.');
  }
}

function processGauges(): readonly Gauge[] {
  const { rss, heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return [
    { name: 'process_cpu_seconds_total', help: 'Processor time used.', value: (user + system) / 1e6 },
    { name: 'process_resident_memory_bytes', help: 'Resident memory.', value: rss },
    { name: 'nodejs_heap_used_bytes', help: 'JavaScript heap in use.', value: heapUsed },
    { name: 'nodejs_external_memory_bytes', help: 'Memory outside of the heap, buffers among it.', value: external },
    { name: 'process_uptime_seconds', help: 'Time since the start.', value: process.uptime() },
  ];
}

function metrics(gauges: readonly Gauge[]): HttpResponse {
  const lines = gauges.map(({ name, help, value }) => {
    const type = name.endsWith('_total') ? 'counter' : 'gauge';
    return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`;
  });
  return {
    status: 200,
    headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': 'no-store' },
    body: Buffer.from(lines.join('')),
  };
}
