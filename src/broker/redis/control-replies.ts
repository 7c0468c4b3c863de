import { BrokerUnavailable } from '../broker.ts';

/** One entry of a stream; without fields when it was deleted meanwhile. */
export interface StreamEntry {
  readonly id: string;
  readonly fields: readonly string[];
}

/** What the control plane is answered, in text. A reply of another form says nothing: BrokerUnavailable, as for those of the logs (LG6). */
export function wordOf(reply: unknown): string {
  const [word] = listOf(reply);
  return textOf(word);
}

export function textOf(reply: unknown): string {
  if (typeof reply !== 'string') throw unexpected(reply);
  return reply;
}

export function textsOf(reply: unknown): readonly string[] {
  return listOf(reply).map(textOf);
}

/** @returns as many fields of a hash as were asked for; null: there is none */
export function fieldsOf(reply: unknown, count: number): readonly (string | null)[] {
  const fields = listOf(reply).map((field) => (field === null ? null : textOf(field)));
  if (fields.length !== count) throw unexpected(reply);
  return fields;
}

/** A number that Redis counts, or keeps as text. */
export function countOf(reply: unknown): number {
  const count = typeof reply === 'string' && /^\d+$/.test(reply) ? Number(reply) : reply;
  if (typeof count !== 'number' || !Number.isSafeInteger(count)) throw unexpected(reply);
  return count;
}

/** What was written as JSON by this relay. */
export function objectOf(text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unexpected(text);
  }
  if (typeof value !== 'object' || value === null) throw unexpected(text);
  return value;
}

/** `XREADGROUP`: streams with their entries; nil: none. */
export function streamsOf(reply: unknown): readonly { readonly key: string; readonly entries: readonly StreamEntry[] }[] {
  if (reply === null) return [];
  return listOf(reply).map((stream) => {
    const [key, entries] = listOf(stream);
    return { key: textOf(key), entries: entriesOf(entries) };
  });
}

export function entriesOf(reply: unknown): readonly StreamEntry[] {
  return listOf(reply).map((entry) => {
    const [id, fields] = listOf(entry);
    return { id: textOf(id), fields: fields === null ? [] : textsOf(fields) };
  });
}

export function listOf(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw unexpected(reply);
  return reply;
}

/** Its text must hold nothing of the reply: it goes into the log. */
function unexpected(reply: unknown): BrokerUnavailable {
  return new BrokerUnavailable(new Error(`a reply of an unknown form (${Array.isArray(reply) ? 'array' : typeof reply})`));
}
