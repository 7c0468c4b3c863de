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

/** A tab is closed, or its machine is gone without a word: whoever is left goes on. */
export function pageGone(world: World): Strike | undefined {
  const { random } = world;
  const session = random.pick(world.sessions.filter(({ pages }) => able(pages).length >= 2));
  const page = session && random.pick(able(session.pages));
  if (!session || !page) return undefined;
  const told = random.chance(0.5);
  return { name: `${page.name}${told ? '' : ' without a word'}`, run: () => session.leave(page, told) };
}

/** The driver's edge stands still while a slow page on another one takes control: what its client acknowledged meanwhile is told later. */
export function deafDriver(world: World): Strike | undefined {
  const { random, scheduler } = world;
  const driver = random.pick(able(world.pages).filter(({ client }) => client.state.driving));
  const edge = driver?.connections.find(({ open }) => open)?.edge;
  const others = able(world.pages).filter(
    (page) => page.session === driver?.session && page.connections.some((each) => each.edge !== edge),
  );
  const other = random.pick(others.filter((page) => page !== driver));
  if (!edge || !other || edge.process.stopped) return undefined;
  const run = () => {
    const forMs = random.between(300, 4_000);
    other.terminal.parseRate = random.between(500, 20_000);
    edge.process.stop();
    scheduler.after(random.between(1, 100), () => !other.over && other.client.takeControl());
    scheduler.after(forMs, () => edge.process.wake());
    scheduler.after(forMs + 4_000, () => {
      other.terminal.parseRate = other.usualRate;
    });
  };
  return { name: `${driver?.name} for ${other.name}`, run };
}

function able(pages: readonly SimPage[]): readonly SimPage[] {
  return pages.filter((page) => !page.over && page.session !== undefined);
}
