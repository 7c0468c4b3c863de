import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { RelayClient } from '../../loadtest/driver/relay-client.ts';
import { KeyedStream } from '../support/keyed-stream.ts';
import type { Claim } from './checker.ts';

export interface CheckedOptions {
  readonly url: string;
  readonly cookie: string;
  readonly directory: string;
  readonly cluster: string;
  /** Bytes a second that the process in the pod writes. */
  readonly outputRate: number;
}

/** One session whose pod writes a keyed stream and reads keyed input; what the parser got and what the pty read go into files. */
export class CheckedSession {
  readonly relay: RelayClient;
  readonly #name: string;
  readonly #directory: string;
  readonly #keys: { readonly out: string; readonly in: string };
  readonly #input: KeyedStream;
  readonly #parsed: WriteStream;
  parsedBytes = 0;
  typedBytes = 0;
  /** Gaps and rewinds that the client was told of. */
  declared = 0;

  constructor(index: number, options: CheckedOptions) {
    this.#name = `session-${index}`;
    this.#directory = options.directory;
    this.#keys = { out: (0x1000 + index).toString(16), in: (0x9000_0000 + index).toString(16) };
    this.#input = new KeyedStream(this.#keys.in);
    this.#parsed = createWriteStream(this.#file('parsed'));
    const pod = { cluster: options.cluster, namespace: 'default', pod: 'shell', container: 'main' };
    const program = ['poseidon-both', '--out-key', this.#keys.out, '--in-key', this.#keys.in, '--out-rate', String(options.outputRate)];
    const target = { kind: 'exec', ...pod, command: [...program, '--in-raw', this.#file('read')] };
    this.relay = new RelayClient(
      { url: options.url, cookie: options.cookie, target },
      {
        output: (bytes) => {
          this.parsedBytes += bytes.length;
          this.#parsed.write(Buffer.from(bytes));
        },
        gap: () => {
          this.declared++;
        },
        rewound: () => {
          this.declared++;
        },
      },
    );
    this.relay.start();
  }

  /** Types the next keyed bytes; they may wait for a connection. */
  type(count: number): void {
    if (this.relay.type(this.#input.bytes(this.typedBytes, count))) this.typedBytes += count;
  }

  /** Nothing that was typed is still on its way. */
  get settled(): boolean {
    return this.relay.state.untypedBytes === 0;
  }

  async finish(): Promise<void> {
    this.relay.dispose();
    await new Promise((resolve) => this.#parsed.end(resolve));
  }

  claims(): readonly Claim[] {
    return [
      { name: `${this.#name} output`, file: this.#file('parsed'), key: this.#keys.out, atLeast: this.parsedBytes },
      { name: `${this.#name} input`, file: this.#file('read'), key: this.#keys.in, atLeast: this.typedBytes },
    ];
  }

  #file(what: string): string {
    return join(this.#directory, `${this.#name}.${what}`);
  }
}
