import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { RelayClient } from '../../loadtest/driver/relay-client.ts';
import type { ClientState } from '../../src/client/client-host.ts';
import { typedAtEnd } from '../../src/protocol/end-reason.ts';
import type { ClientStream } from '../../src/protocol/ids.ts';
import { decodeServerFrame } from '../../src/protocol/server-frame.ts';
import { KeyedStream } from '../support/keyed-stream.ts';
import type { Claim, Declared } from './checker.ts';

export interface CheckedOptions {
  readonly url: string;
  readonly cookie: string;
  readonly directory: string;
  readonly cluster: string;
  /** Bytes a second that the process in the pod writes. */
  readonly outputRate: number;
}

/** One of the client's streams: the keyed bytes from `start` up to `end`, once that is known, belong to it. */
interface Named {
  readonly stream: string;
  readonly start: number;
  end: number;
  /** Known to be typed when it was given up. */
  typed: number;
}

/** One session whose pod writes a keyed stream and reads keyed input; what the parser got and what the pty read go into files. */
export class CheckedSession {
  readonly relay: RelayClient;
  readonly name: string;
  readonly #directory: string;
  readonly #keys: { readonly out: string; readonly in: string };
  readonly #input: KeyedStream;
  readonly #parsed: WriteStream;
  readonly #outputDeclared: Declared[] = [];
  readonly #streams: Named[] = [];
  /** What the worker said of streams that it closed: bytes typed of each. */
  readonly #closed = new Map<string, number>();
  #untypedBytes = 0;
  #offset = 0;
  parsedBytes = 0;
  typedBytes = 0;
  /** Gaps and rewinds that the client was told of, and their bytes. */
  declared = 0;
  declaredBytes = 0;
  /** When output came last, and the owner's ear for how long it did not. */
  lastOutputAt = 0;
  onOutput: (afterMs: number) => void = () => {};

  constructor(index: number, options: CheckedOptions) {
    this.name = `session-${index}`;
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
        output: (bytes) => this.#output(bytes),
        gap: ({ sizeBytes }) => this.#declare(sizeBytes),
        rewound: (bytes) => this.#declare(-bytes),
        changed: (state) => this.#changed(state),
        received: (frame) => this.#received(frame),
      },
    );
    this.relay.start();
  }

  /** Types the next keyed bytes; they may wait for a connection. */
  type(count: number): void {
    if (this.relay.type(this.#input.bytes(this.typedBytes, count))) this.typedBytes += count;
  }

  /** Nothing that was typed is still on its way, and of what was given up it is known how far it came. */
  get settled(): boolean {
    const given = this.#streams.filter(({ stream, end, typed }) => end > typed && !this.#closed.has(stream));
    return this.relay.state.untypedBytes === 0 && given.length === 0;
  }

  get ended(): boolean {
    const { kind } = this.relay.state.connection;
    return kind === 'ended' || kind === 'lost';
  }

  /** Why it is over, as a word. */
  get end(): string {
    const { connection } = this.relay.state;
    if (connection.kind === 'ended') return connection.reason.kind;
    return connection.kind === 'lost' ? `lost: ${connection.code} ${connection.text}` : '';
  }

  async finish(): Promise<void> {
    this.relay.dispose();
    await new Promise((resolve) => this.#parsed.end(resolve));
  }

  claims(): readonly Claim[] {
    const declared = this.#inputDeclared();
    const missing = declared.reduce((sum, item) => sum + ('size' in item ? item.size : 0), 0);
    // A session that is over took with it what was written to its upstream's socket and not read.
    const atLeast = this.ended ? 0 : this.typedBytes - missing - this.relay.state.untypedBytes;
    return [
      {
        name: `${this.name} output`,
        file: this.#file('parsed'),
        key: this.#keys.out,
        atLeast: this.parsedBytes,
        declared: this.#outputDeclared,
      },
      {
        name: `${this.name} input`,
        file: this.#file('read'),
        key: this.#keys.in,
        atLeast,
        atMost: this.typedBytes - missing - this.#neverTyped,
        declared,
      },
    ];
  }

  /** Of the stream that the session ended with, as its end says: nothing behind it may have been read. */
  get #neverTyped(): number {
    const last = this.#streams.at(-1);
    const typed = last && this.#typedAtEnd(last.stream);
    return last === undefined || typed === undefined ? 0 : this.typedBytes - last.start - typed;
  }

  #typedAtEnd(stream: string): number | undefined {
    const { connection } = this.relay.state;
    return connection.kind === 'ended' ? typedAtEnd(connection.reason, stream as ClientStream) : undefined;
  }

  /** Of the input, in the order of its streams. */
  #inputDeclared(): readonly Declared[] {
    return this.#streams.flatMap(({ stream, start, end, typed }): readonly Declared[] => {
      if (end <= typed) return [];
      const told = this.#closed.get(stream) ?? this.#typedAtEnd(stream);
      if (told === undefined) return [{ at: typed, end }];
      return start + told < end ? [{ at: start + told, size: end - start - told }] : [];
    });
  }

  #output(bytes: Uint8Array): void {
    const now = performance.now();
    if (this.lastOutputAt > 0) this.onOutput(now - this.lastOutputAt);
    this.lastOutputAt = now;
    this.parsedBytes += bytes.length;
    this.#offset += bytes.length;
    this.#parsed.write(Buffer.from(bytes));
  }

  #declare(size: number): void {
    this.declared++;
    this.declaredBytes += Math.abs(size);
    this.#outputDeclared.push({ at: this.#offset, size });
    this.#offset += size;
  }

  /** A client whose stream is another than before gave up what that had un-typed (RS6). */
  #changed(state: ClientState): void {
    const stream = this.relay.client.saved?.stream;
    const last = this.#streams.at(-1);
    if (stream !== undefined && stream !== last?.stream) {
      if (last) {
        last.end = this.typedBytes;
        last.typed = this.typedBytes - this.#untypedBytes;
      }
      this.#streams.push({ stream, start: last ? this.typedBytes : 0, end: 0, typed: 0 });
    }
    this.#untypedBytes = state.untypedBytes;
  }

  #received(frame: Uint8Array): void {
    const decoded = decodeServerFrame(frame);
    if (!decoded.ok || decoded.frame.kind !== 'status') return;
    const { closed } = decoded.frame.status;
    if (closed && !this.#closed.has(closed.stream)) this.#closed.set(closed.stream, closed.typed);
  }

  #file(what: string): string {
    return join(this.#directory, `${this.name}.${what}`);
  }
}
