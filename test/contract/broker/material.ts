import { randomBytes } from 'node:crypto';
import type { Broker, NewSession } from '../../../src/broker/broker.ts';
import type { LogName, TakeAnswer, TakeInput, TakeMode, WriterClaim } from '../../../src/broker/log-store.ts';
import { crc32 } from '../../../src/protocol/crc32.ts';
import { decodeEntry, type Entry, encodeEntry } from '../../../src/protocol/entry.ts';
import { FrameType } from '../../../src/protocol/frame-type.ts';
import type { ClientStream, SessionId, WorkerId } from '../../../src/protocol/ids.ts';
import { encodeUtf8 } from '../../../src/protocol/utf8.ts';

export const worker = 'worker-1' as WorkerId;
export const otherWorker = 'worker-2' as WorkerId;

export function newSessionId(): SessionId {
  return randomBytes(15).toString('base64url') as SessionId;
}

export function newStream(): ClientStream {
  return randomBytes(16).toString('hex') as ClientStream;
}

export function newNonce(): number {
  return randomBytes(6).readUIntBE(0, 6);
}

export function sessionOf(id: SessionId, part: Partial<NewSession> = {}): NewSession {
  return {
    id,
    target: { kind: 'exec', cluster: 'local', namespace: 'default', pod: 'web-0', container: 'app', command: ['ls', 'ä'], tty: true },
    subject: 'user-äöü',
    user: 'Jörg',
    keyHash: randomBytes(32).toString('hex'),
    credential: 'c2VhbGVk',
    size: { cols: 80, rows: 24 },
    detached: 'run',
    graceMs: 300_000,
    createdAtMs: 1_700_000_000_000,
    ...part,
  };
}

/** A session that `worker` has claimed. */
export async function claimedSession(broker: Broker): Promise<SessionId> {
  const id = newSessionId();
  await broker.sessions.create(sessionOf(id));
  await broker.sessions.claim(id, worker);
  return id;
}

export function taken(answer: TakeAnswer): Extract<TakeAnswer, { kind: 'taken' }> {
  if (answer.kind !== 'taken') throw new Error(`not taken: ${answer.kind}`);
  return answer;
}

/** Encodes entries after a take, as a log writer does. */
export class TestWriter {
  readonly claim: WriterClaim;
  readonly log: LogName;
  #seq: number;
  #offset: number;
  #crc: number;
  #clientOffset: number;

  constructor(log: LogName, answer: TakeAnswer) {
    this.claim = taken(answer);
    this.log = log;
    const { position, driver } = this.claim.fence;
    this.#seq = position.seq;
    this.#offset = position.offset;
    this.#crc = position.crc;
    this.#clientOffset = driver?.next ?? 0;
  }

  get fence(): number {
    return this.claim.fence.position.fence;
  }

  data(text: string, flags = 0, lead = new Uint8Array(0)): Uint8Array {
    const content = encodeUtf8(text);
    const input = this.log.log === 'in';
    const clientOffset = new Uint8Array(8);
    new DataView(clientOffset.buffer).setUint32(4, this.#clientOffset);
    this.#crc = crc32(content, this.#crc);
    this.#seq++;
    const header = { type: input ? FrameType.inputData : FrameType.outputData, flags, fence: this.fence, seq: this.#seq };
    const frame = encodeEntry({ ...header, offset: this.#offset, crc: this.#crc }, input ? clientOffset : lead, content);
    this.#offset += content.length;
    this.#clientOffset += content.length;
    return frame;
  }
}

export async function outputWriter(broker: Broker, session: SessionId, owner = worker): Promise<TestWriter> {
  const request = { nonce: newNonce(), writer: owner, expectedOwner: owner, newOwner: owner };
  return new TestWriter({ session, log: 'out' }, await broker.logs.takeOutput(session, request));
}

export function inputRequest(
  stream: ClientStream,
  mode: TakeMode = { kind: 'resume' },
  part: Partial<TakeInput> = {},
  connection = 1,
): TakeInput {
  const credit = { outputFence: 0, offset: 0, windowBytes: 65_536 };
  return { nonce: newNonce(), writer: 'edge-1', driver: { stream, connection, cols: 100, rows: 40, credit }, typed: 0, mode, ...part };
}

export async function inputWriter(broker: Broker, session: SessionId, request: TakeInput): Promise<TestWriter> {
  return new TestWriter({ session, log: 'in' }, await broker.logs.takeInput(session, request));
}

export async function allEntries(broker: Broker, log: LogName): Promise<readonly Entry[]> {
  const page = await broker.logs.read(log, { fence: 0, seq: 0 }, 10_000);
  if (page.kind !== 'page') throw new Error(page.kind);
  return page.entries;
}

export function idsOf(entries: readonly Entry[]): readonly string[] {
  return entries.map(({ fence, seq }) => `${fence}-${seq}`);
}

export function idOf(frame: Uint8Array): string {
  const entry = decodeEntry(frame);
  return `${entry?.fence}-${entry?.seq}`;
}

/** What one listener was told, in order. */
export class Heard {
  readonly frames: Uint8Array[] = [];
  confirmed = 0;
  broke = 0;
  /** Pushes before the confirmation: not of this subscription. */
  early = 0;

  readonly subscribed = () => void this.confirmed++;
  readonly push = (frame: Uint8Array) => {
    this.frames.push(frame);
    if (this.confirmed === 0) this.early++;
  };
  readonly broken = () => void this.broke++;

  get ids(): readonly string[] {
    return this.frames.map(idOf);
  }
}
