/** The pods of the demo cluster. A container is either a shell or prints lines by itself. */
export interface PodPlan {
  readonly namespace: string;
  readonly name: string;
  readonly containers: readonly ContainerPlan[];
}

export interface ContainerPlan {
  readonly name: string;
  /** `shell`: its main process is a shell on a terminal. Else it prints lines `everyMs`, of which there are `history` at the start. */
  readonly main: 'shell' | { readonly everyMs: number; readonly history: number; readonly line: (number: number) => string };
}

export const namespaces = ['demo', 'system'] as const;

export const podPlans: readonly PodPlan[] = [
  {
    namespace: 'demo',
    name: 'web-0',
    containers: [
      { name: 'app', main: { everyMs: 2_000, history: 40, line: accessLine } },
      { name: 'sidecar', main: { everyMs: 5_000, history: 10, line: sidecarLine } },
    ],
  },
  { namespace: 'demo', name: 'toolbox', containers: [{ name: 'shell', main: 'shell' }] },
  { namespace: 'demo', name: 'logger', containers: [{ name: 'logger', main: { everyMs: 200, history: 200, line: loggerLine } }] },
  { namespace: 'system', name: 'dns-0', containers: [{ name: 'dns', main: { everyMs: 10_000, history: 20, line: dnsLine } }] },
];

const accessPaths = ['/', '/api/orders', '/api/orders/17', '/assets/app.js', '/healthz', '/search?q=caf%C3%A9'];

function accessLine(number: number): string {
  const path = pick(accessPaths, number);
  const status = number % 17 === 16 ? 500 : number % 7 === 6 ? 404 : 200;
  return `10.42.0.${(number % 40) + 2} "GET ${path} HTTP/1.1" ${status} ${(number * 37) % 900} ${(number * 13) % 90}ms`;
}

function sidecarLine(number: number): string {
  return `level=info msg="configuration in sync" revision=${1000 + number}`;
}

function dnsLine(number: number): string {
  return `[INFO] cache ${(number * 29) % 400} entries, ${(number * 53) % 900} hits`;
}

const messages = [
  'INFO  the tide is coming in 🌊',
  'INFO  Schiff im Hafen, Größe 12 m, Gäste: 3',
  'DEBUG cache warm, 128 entries',
  'INFO  新しい接続 from 10.42.0.7',
  'WARN  \u001b[33mthe harbour is nearly full\u001b[0m',
  'INFO  café opened — espresso 2,40 €',
  'DEBUG heartbeat ok',
  'ERROR \u001b[31mnet torn, mending (attempt 1)\u001b[0m',
];

function loggerLine(number: number): string {
  return `${number} ${pick(messages, number)}`;
}

function pick(from: readonly string[], number: number): string {
  return from[number % from.length] ?? '';
}
