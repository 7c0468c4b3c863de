import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WholeCharacters } from '../../src/addon/whole-characters.ts';

const sources = ['stdout', 'stderr'] as const;
const encode = (text: string) => new TextEncoder().encode(text);

/** What a screen that decodes one stream makes of both, cut at every place and in any order. */
function shown(pieces: readonly { readonly bytes: Uint8Array; readonly source: (typeof sources)[number] }[]): string {
  const characters = new WholeCharacters();
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const parts = pieces.map(({ bytes, source }) => decoder.decode(characters.give(bytes, source), { stream: true }));
  return parts.join('') + decoder.decode(characters.rest());
}

describe('characters of two streams on one screen', () => {
  it('[WP1] stay whole, wherever either is cut and however the pieces are mixed', () => {
    const cut = fc.record({ text: fc.string({ unit: 'grapheme', maxLength: 12 }), at: fc.array(fc.nat(60)) });
    fc.assert(
      fc.property(cut, cut, fc.array(fc.boolean()), (out, errors, order) => {
        const queues = [out, errors].map(({ text, at }, index) => {
          const bytes = encode(text);
          const cuts = [0, ...at.filter((place) => place < bytes.length).sort((a, b) => a - b), bytes.length];
          return cuts.slice(1).map((end, place) => ({ bytes: bytes.subarray(cuts[place], end), source: sources[index] ?? 'stdout' }));
        });
        const pieces = order.flatMap((first) => queues[first ? 0 : 1]?.shift() ?? []);
        const text = shown([...pieces, ...queues.flat()]);
        expect([...text].sort()).toEqual([...out.text, ...errors.text].sort());
      }),
    );
  });

  it('[WP1] lose no byte that is no character', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ bytes: fc.uint8Array({ maxLength: 6 }), source: fc.constantFrom(...sources) })), (pieces) => {
        const characters = new WholeCharacters();
        const given = pieces.flatMap(({ bytes, source }) => [...characters.give(bytes, source)]);
        const waited = characters.rest();
        expect(waited.length).toBeLessThanOrEqual(6);
        expect([...given, ...waited].sort()).toEqual(pieces.flatMap(({ bytes }) => [...bytes]).sort());
      }),
    );
  });
});
