import { Buffer } from 'node:buffer';
import { decodeTable, type FenceTable, fenceRowBytes, rowAt } from '../../log/fence-table.ts';
import { decodeEntry, type Entry } from '../../protocol/entry.ts';
import { decodeFence } from '../../protocol/fence-entry.ts';
import { type ClientStream, clientStreamBytes, readStream, type WorkerId } from '../../protocol/ids.ts';
import { BrokerUnavailable } from '../broker.ts';
import type { EndAnswer, PageAnswer, ReassertAnswer, RestoreAnswer, TakeAnswer, Taken, TakenInput } from '../log-store.ts';
import type { RespReply } from './resp-decoder.ts';

/** What the scripts of `lua/` answer, as values of the port. A reply that is none of them says nothing: BrokerUnavailable. */
export function takeAnswer(reply: RespReply, superseded: 'not-owner' | 'old-connection', nonce: number, young: boolean): TakeAnswer {
  const [word, first, second] = parts(reply);
  switch (word) {
    case 'taken':
      return { kind: word, ...newClaim(reply, nonce) };
    case 'driven-by-another':
      return { kind: word, stream: stream(first), fence: whole(second) };
    case 'superseded':
      return { kind: superseded };
    case 'old-connection':
    case 'not-owner':
    case 'ended':
      return { kind: word };
    case 'unknown':
      return { kind: word, young };
    default:
      throw unexpected(reply);
  }
}

export function takeInputAnswer(reply: RespReply, nonce: number, young: boolean): TakeAnswer<TakenInput> {
  const answer = takeAnswer(reply, 'old-connection', nonce, young);
  if (answer.kind !== 'taken') return answer;
  const [, , , seq, offset] = list(reply);
  return { ...answer, front: { seq: whole(seq), offset: whole(offset) } };
}

export function restoreAnswer(reply: RespReply, nonce: number): RestoreAnswer {
  const [word] = parts(reply);
  if (word === 'restored') return { kind: word, ...newClaim(reply, nonce) };
  if (word === 'exists') return { kind: word };
  throw unexpected(reply);
}

export function reassertAnswer(reply: RespReply, young: boolean): ReassertAnswer {
  const [word, fence, seq] = parts(reply);
  switch (word) {
    case 'tail':
      return { kind: word, tail: { fence: whole(fence), seq: whole(seq) } };
    case 'replaced':
    case 'take-again':
    case 'ended':
      return { kind: word };
    case 'unknown':
      return { kind: word, young };
    default:
      throw unexpected(reply);
  }
}

export function endAnswer(reply: RespReply): EndAnswer {
  const [word] = parts(reply);
  switch (word) {
    case 'ended':
    case 'already':
    case 'not-yours':
    case 'unknown':
      return word;
    default:
      throw unexpected(reply);
  }
}

/** `HMGET meta state owner <table>`, then `XRANGE` (RS3). */
export function pageAnswer(meta: RespReply, range: RespReply, young: boolean): PageAnswer {
  const [state, owner, packed, more] = list(meta);
  const entries = list(range).flatMap((element) => entryOf(element) ?? []);
  if (more !== undefined) throw unexpected(meta);
  const table = packed === null ? [] : tableOf(packed);
  const ownerName = owner === null ? undefined : (bytes(owner).toString() as WorkerId);
  if (state === null) return { kind: 'unknown', young };
  return { kind: 'page', table, entries, ended: bytes(state).toString() === 'ended', owner: ownerName };
}

/** What a take or a restore gave: the fence entry as stored, which must be this one's, and the table with its row. */
function newClaim(reply: RespReply, nonce: number): Omit<Taken, 'kind'> {
  const [, first, second] = parts(reply);
  const frame = bytes(first);
  const entry = decodeEntry(frame);
  const fence = entry && decodeFence(entry);
  const table = tableOf(second);
  if (fence?.nonce !== nonce || !rowAt(table, fence.position.fence)) throw unexpected(reply);
  return { fence, frame, table };
}

/**
 * One element of `XRANGE`: id, then field and value; the value is the frame. A frame that is none is left out: it is so on the log, and
 * the next entry's offset declares it (LG7).
 */
function entryOf(element: RespReply): Entry | undefined {
  const [id, fields] = list(element);
  const [, frame] = list(fields);
  bytes(id);
  return decodeEntry(bytes(frame));
}

function tableOf(part: RespReply | undefined): FenceTable {
  const packed = bytes(part);
  if (packed.length % fenceRowBytes !== 0) throw unexpected(packed);
  return decodeTable(packed);
}

function stream(part: RespReply | undefined): ClientStream {
  if (bytes(part).length !== clientStreamBytes) throw unexpected(part ?? null);
  return readStream(bytes(part), 0);
}

/** A number as the scripts write it: decimal digits. */
function whole(part: RespReply | undefined): number {
  const digits = bytes(part).toString('latin1');
  const number = Number(digits);
  if (!/^\d+$/.test(digits) || !Number.isSafeInteger(number)) throw unexpected(part ?? null);
  return number;
}

function parts(reply: RespReply): readonly [string, RespReply | undefined, RespReply | undefined] {
  const [word, first, second] = list(reply);
  return [bytes(word).toString('latin1'), first, second];
}

function list(part: RespReply | undefined): readonly RespReply[] {
  if (!Array.isArray(part)) throw unexpected(part ?? null);
  return part as readonly RespReply[];
}

function bytes(part: RespReply | undefined): Buffer {
  if (!Buffer.isBuffer(part)) throw unexpected(part ?? null);
  return part;
}

/** Its text must hold nothing of the reply: it goes into the log. */
function unexpected(reply: RespReply): BrokerUnavailable {
  return new BrokerUnavailable(new Error(`a reply of an unknown form (${Array.isArray(reply) ? 'array' : typeof reply})`));
}
