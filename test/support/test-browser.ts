import type { SignIn } from '../../src/auth/sign-in.ts';
import type { ClientHost, ClientSocket, ClientState, SavedSession } from '../../src/client/client-host.ts';
import { SessionClient } from '../../src/client/session-client.ts';
import type { RelayDoor } from '../../src/edge/relay/relay-door.ts';
import type { Gap } from '../../src/protocol/gap.ts';
import { FakeSocket } from './fake-socket.ts';
import type { TestRelay } from './test-relay.ts';
import { signedIn } from './users.ts';

/** A page without DOM: the client core of production on a fake socket, a terminal that parses when the test lets it. */
export class TestBrowser implements ClientHost {
  readonly client: SessionClient;
  /** The edge that the next socket lands on. */
  door: RelayDoor;
  /** What its next socket signs in with. */
  signIn: SignIn;
  sockets: FakeSocket[] = [];
  readonly gaps: Gap[] = [];
  readonly rewinds: number[] = [];
  saved: SavedSession | undefined;
  /** What the next socket goes over; undefined: no time at all. */
  link: { readonly bytesPerSecond: number; readonly oneWayMs: number } | undefined;
  #linkFreeMs = 0;
  readonly #relay: TestRelay;
  readonly #subject: string;
  readonly #output: Uint8Array[] = [];
  #parsing = true;
  #unparsed: { readonly token: number; readonly bytes: number }[] = [];

  constructor(relay: TestRelay, door: RelayDoor, subject: string) {
    this.#relay = relay;
    this.#subject = subject;
    this.signIn = signedIn(subject);
    this.door = door;
    this.client = new SessionClient(this);
  }

  get state(): ClientState {
    return this.client.state;
  }

  get socket(): FakeSocket {
    const newest = this.sockets.at(-1);
    if (!newest) throw new Error('no socket yet');
    return newest;
  }

  get screen(): string {
    return Buffer.concat(this.#output).toString();
  }

  get screenBytes(): number {
    return this.#output.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  type(text: string): boolean {
    return this.client.type(Buffer.from(text));
  }

  /** The terminal stops parsing, as in a page that is too busy. */
  stopParsing(): void {
    this.#parsing = false;
  }

  startParsing(): void {
    this.#parsing = true;
    for (const { token } of this.#unparsed.splice(0)) this.client.parsed(token);
  }

  /** The terminal parses at least so much of what it was given, and stops again. */
  parseSome(bytes: number): void {
    let left = bytes;
    while (left > 0) {
      const first = this.#unparsed.shift();
      if (!first) return;
      left -= first.bytes;
      this.client.parsed(first.token);
    }
  }

  /** The network is gone: the client and the edge hear of it. */
  loseSocket(): void {
    this.socket.lost();
  }

  /** The network is gone and the edge does not know. */
  cutSocket(): void {
    this.socket.cut();
  }

  // --- ClientHost ---

  ticket(done: (answer: { readonly ticket: string }) => void): void {
    void this.#relay.ticket({ subject: this.#subject }).then((ticket) => done({ ticket }));
  }

  connect(): ClientSocket {
    const { clock } = this.#relay;
    const { link } = this;
    const down = (frame: Uint8Array) => {
      const arrive = () => this.client.socketMessage(handle, frame);
      if (!link) return arrive();
      this.#linkFreeMs = Math.max(this.#linkFreeMs, clock.now()) + (1000 * frame.length) / link.bytesPerSecond;
      clock.after(this.#linkFreeMs - clock.now() + link.oneWayMs, arrive);
    };
    const socket = new FakeSocket(
      (browserSocket) => this.door.accept(browserSocket, this.signIn),
      down,
      (code, reason) => this.client.socketClosed(handle, code, reason),
    );
    const handle: ClientSocket = {
      send: (frame) => (link ? clock.after(link.oneWayMs, () => socket.from(frame)) : queueMicrotask(() => socket.from(frame))),
      close: () => queueMicrotask(() => socket.lost(1000)),
    };
    this.sockets.push(socket);
    queueMicrotask(() => this.client.socketOpened(handle));
    return handle;
  }

  now(): number {
    return this.#relay.clock.now();
  }

  after(delayMs: number, run: () => void): { cancel(): void } {
    return this.#relay.clock.after(delayMs, run);
  }

  random(): number {
    return this.#relay.random.fraction();
  }

  randomBytes(count: number): Uint8Array {
    return this.#relay.random.bytes(count);
  }

  output(bytes: Uint8Array, _source: 'stdout' | 'stderr', token: number): void {
    this.#output.push(bytes);
    if (this.#parsing) queueMicrotask(() => this.client.parsed(token));
    else this.#unparsed.push({ token, bytes: bytes.length });
  }

  gap(gap: Gap): void {
    this.gaps.push(gap);
  }

  rewound(bytes: number): void {
    this.rewinds.push(bytes);
  }

  mark(): void {}

  changed(): void {}

  save(saved: SavedSession): void {
    this.saved = saved;
  }
}
