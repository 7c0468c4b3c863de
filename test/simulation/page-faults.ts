import type { SimPage } from './sim-page.ts';
import type { World } from './world.ts';

/** Something that can go wrong now, and what it is called in a trace. */
export interface Strike {
  readonly name: string;
  readonly run: () => void;
}

/** Two people take control from each other, again and again, and type whenever they have it. */
export function alternate(world: World): Strike | undefined {
  const { random, scheduler } = world;
  const session = random.pick(world.sessions.filter(({ pages }) => able(pages).length >= 2));
  if (!session) return undefined;
  const first = random.pick(able(session.pages));
  const second = random.pick(able(session.pages).filter((page) => page !== first));
  if (!first || !second) return undefined;
  const run = () => {
    const rounds = random.whole(3, 16);
    const paceMs = random.pick([3, 30, 300]) ?? 30;
    let afterMs = 0;
    for (let round = 0; round < rounds; round++) {
      const page = round % 2 === 0 ? first : second;
      scheduler.after(afterMs, () => !page.over && page.client.takeControl());
      for (let typing = 0; typing < 2; typing++)
        scheduler.after(
          afterMs + random.exponential(2 * paceMs),
          () => !world.quiet && page.type(random.whole(1, world.profile.typingBytes)),
        );
      afterMs += random.exponential(paceMs);
    }
  };
  return { name: `${first.name} and ${second.name}`, run };
}

/** A page connects again, gives that up, and connects elsewhere, before the first edge hears of it. */
export function lateResume(world: World): Strike | undefined {
  const { random } = world;
  const page = random.pick(able(world.pages).filter(({ connections }) => connections.some(({ open }) => open)));
  if (!page) return undefined;
  const run = () => {
    page.lateNextMs = random.between(100, 4_000);
    for (const connection of page.connections) connection.cut();
  };
  return { name: page.name, run };
}

function able(pages: readonly SimPage[]): readonly SimPage[] {
  return pages.filter((page) => !page.over && page.session !== undefined);
}
