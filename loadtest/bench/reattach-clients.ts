/**
 * A share of the browsers of `reattach.ts`, in a process of its own. Every client types its name once, and again when it has lost its
 * socket: back is who has read that second name, whole, out of its own shell. Speaks with its parent by messages.
 */
import { parseArgs } from 'node:util';
import { RelayClient } from '../driver/relay-client.ts';

export type ToClients = { readonly kind: 'watch' } | { readonly kind: 'report' };

export type FromClients =
  | { readonly kind: 'open'; readonly count: number }
  | { readonly kind: 'report'; readonly lost: number; readonly backAtMs: readonly number[]; readonly wrong: number };

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: '' },
    cookie: { type: 'string', default: '' },
    cluster: { type: 'string', default: '' },
    from: { type: 'string', default: '0' },
    count: { type: 'string', default: '1' },
  },
});

/** Of this process, on their way to a prompt. */
const mostOpening = 50;

class Browser {
  readonly relay: RelayClient;
  readonly #name: string;
  #expected = '';
  #read = '';
  open = false;
  lost = false;
  backAtMs = 0;
  wrong = false;

  constructor(index: number, opened: () => void) {
    this.#name = `browser ${index}\n`;
    const target = { kind: 'exec', cluster: values.cluster, namespace: 'bench', pod: 'echo', container: 'main', command: ['echo'] };
    this.relay = new RelayClient(
      { url: values.url, cookie: values.cookie, target },
      {
        output: (bytes) => {
          this.#read += Buffer.from(bytes).toString('latin1');
          if (!this.#expected.startsWith(this.#read)) this.wrong = true;
          if (this.#read !== this.#expected) return;
          if (this.open) this.backAtMs = Date.now();
          else opened();
          this.open = true;
        },
        changed: ({ connection, faults }) => {
          if (faults.gaps + faults.mismatches + faults.rewinds > 0) this.wrong = true;
          if (!watching || this.lost || connection.kind === 'attached') return;
          this.lost = true;
          this.#type();
        },
      },
    );
    this.relay.start();
    this.#type();
  }

  #type(): void {
    this.#expected += this.#name;
    this.relay.type(this.#name);
  }
}

let watching = false;
let openCount = 0;
const browsers: Browser[] = [];

function openNext(): void {
  if (browsers.length === Number(values.count)) return;
  browsers.push(
    new Browser(Number(values.from) + browsers.length, () => {
      tell({ kind: 'open', count: ++openCount });
      openNext();
    }),
  );
}

process.on('message', ({ kind }: ToClients) => {
  if (kind === 'watch') watching = true;
  else {
    const lost = browsers.filter((browser) => browser.lost);
    const backAtMs = lost.map((browser) => browser.backAtMs).filter((atMs) => atMs > 0);
    tell({ kind: 'report', lost: lost.length, backAtMs, wrong: browsers.filter(({ wrong }) => wrong).length });
  }
});
process.on('disconnect', () => process.exit(0));
for (let opening = 0; opening < mostOpening; opening++) openNext();

function tell(message: FromClients): void {
  process.send?.(message);
}
