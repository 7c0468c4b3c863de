import { Buffer } from 'node:buffer';
import { decodeTable } from '../../log/fence-table.ts';
import { decodeEntry, type Entry } from '../../protocol/entry.ts';
import { decodeFence } from '../../protocol/fence-entry.ts';
import { readStream, type WorkerId } from '../../protocol/ids.ts';
import { BrokerUnavailable } from '../broker.ts';
import type { EndAnswer, PageAnswer, ReassertAnswer, RestoreAnswer, TakeAnswer } from '../log-store.ts';
import type { RespReply } from './resp-socket.ts';

/** What the scripts of `lua/` answer, as values of the port. A reply that is none of them says nothing: BrokerUnavailable. */
export function takeAnswer(reply: RespReply, superseded: 'not-owner' | 'old-connection', young: boolean): TakeAnswer {
  const [word, first, second] = parts(reply);
  switch (word) {
    case 'taken':
      return { kind: word, ...newClaim(reply) };
    case 'driven-by-another':
      return { kind: word, stream: readStream(bytes(first), 0), fence: Number(bytes(second).toString()) };
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

export function restoreAnswer(reply: RespReply): RestoreAnswer {
  const [word] = parts(reply);
  if (word === 'restored') return { kind: word, ...newClaim(reply) };
  if (word === 'exists') return { kind: word };
  throw unexpected(reply);
}

export function reassertAnswer(reply: RespReply, young: boolean): ReassertAnswer {
  const [word, fence, seq] = parts(reply);
  switch (word) {
    case 'tail':
      return { kind: word, tail: { fence: Number(bytes(fence).toString()), seq: Number(bytes(seq).toString()) } };
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
  if (!Array.isArray(meta) || !Array.isArray(range)) throw unexpected(meta);
  const [state, owner, table] = meta as readonly RespReply[];
  if (!Buffer.isBuffer(state)) return { kind: 'unknown', young };
  return {
    kind: 'page',
    table: Buffer.isBuffer(table) ? decodeTable(table) : [],
    entries: (range as readonly RespReply[]).flatMap((element) => entryOf(element) ?? []),
    ended: state.toString() === 'ended',
    owner: Buffer.isBuffer(owner) ? (owner.toString() as WorkerId) : undefined,
  };
}

/** What a take or a restore gave: the fence entry as stored, and the table with its row. */
function newClaim(reply: RespReply): Omit<Extract<TakeAnswer, { kind: 'taken' }>, 'kind'> {
  const [, first, second] = parts(reply);
  const frame = bytes(first);
  const entry = decodeEntry(frame);
  const fence = entry && decodeFence(entry);
  if (!fence) throw unexpected(reply);
  return { fence, frame, table: decodeTable(bytes(second)) };
}

/** One element of `XRANGE`: id, then field and value; the value is the frame. One that is broken is left out: its offset declares it (LG7). */
function entryOf(element: RespReply): Entry | undefined {
  const fields = Array.isArray(element) ? (element as readonly RespReply[])[1] : undefined;
  const frame = Array.isArray(fields) ? (fields as readonly RespReply[])[1] : undefined;
  return Buffer.isBuffer(frame) ? decodeEntry(frame) : undefined;
}

function parts(reply: RespReply): readonly [string, RespReply | undefined, RespReply | undefined] {
  const [word, first, second] = Array.isArray(reply) ? (reply as readonly RespReply[]) : [];
  return [Buffer.isBuffer(word) ? word.toString() : '', first, second];
}

function bytes(part: RespReply | undefined): Buffer {
  if (!Buffer.isBuffer(part)) throw unexpected(part ?? null);
  return part;
}

function unexpected(reply: RespReply): BrokerUnavailable {
  return new BrokerUnavailable(new Error(`a script's reply of an unknown form (${Array.isArray(reply) ? 'array' : typeof reply})`));
}
