import { describe, expect, it } from 'vitest';
import { SkipOffer } from '../../src/web/terminal/skip-offer.ts';

function offer() {
  const told: string[] = [];
  return {
    told,
    offer: new SkipOffer({ show: (bytes) => told.push(`show ${bytes}`), hide: () => told.push('hide'), skip: () => told.push('skip') }),
  };
}

const flood = { bytes: 400_000, ms: 3_000 };

describe('skipping', () => {
  it('[FC9] is offered on Ctrl-C while more than a second of output is queued', () => {
    const page = offer();
    page.offer.interrupted({ bytes: 400_000, ms: 900 });
    page.offer.interrupted({ bytes: 900, ms: 3_000 });
    expect(page.told).toStrictEqual([]);
    page.offer.interrupted(flood);
    expect(page.told).toStrictEqual(['show 400000']);
  });

  it('[FC9] is asked for by a second Ctrl-C, once', () => {
    const page = offer();
    page.offer.interrupted(flood);
    page.offer.interrupted(flood);
    expect(page.told).toStrictEqual(['show 400000', 'hide', 'skip']);
  });

  it('[FC9] is no longer offered when the queue is worked off or somebody else drives', () => {
    const page = offer();
    page.offer.interrupted(flood);
    page.offer.changed(flood, true);
    page.offer.changed({ bytes: 100, ms: 1 }, true);
    page.offer.interrupted(flood);
    page.offer.changed(flood, false);
    expect(page.told).toStrictEqual(['show 400000', 'hide', 'show 400000', 'hide']);
  });
});
