import type { SimPage } from './sim-page.ts';
import type { SimSession } from './sim-session.ts';
import type { World } from './world.ts';

/** How long after healing people wait before one of them takes control of a session that nobody drives. */
const patienceMs = 50_000;

/** @returns what is still missing before everything that was written and typed is accounted for */
export function unsettled(world: World): string | undefined {
  for (const session of world.sessions) {
    const missing = missingOf(world, session) ?? twoDrive(session);
    if (missing) return missing;
  }
  return undefined;
}

/** Edges that saw a newer driver have told theirs (DR1). */
export function twoDrive(session: SimSession): string | undefined {
  const driving = session.pages.filter((page) => page.attached && page.client.state.driving);
  const [one, other] = driving.filter((page) => page.session === driving[0]?.session);
  return one && other && `${one.name} and ${other.name} believe that they drive`;
}

function missingOf(world: World, session: SimSession): string | undefined {
  // It has to drive again without its user's doing, whatever was broken (DR2), unless it was told an end that was none.
  const alone = world.profile.watchers === 0 && !world.broker.expired;
  for (const page of session.pages) {
    if (page.over) {
      const taken = endTakenBack(world, page);
      if (taken) return taken;
      continue;
    }
    if (!page.attached) return `${page.name} is not attached`;
    const id = page.session;
    // Also when the upstream has ended: what it said last may wait for a driver.
    if (!alone) takeControlIfNobodyDrives(world, session, page);
    const upstream = [...world.upstreams].find((each) => each.alive && each.incarnation.session === id);
    if (!upstream) return `${page.name} has neither an upstream nor an end (${world.broker.tell(id)})`;
    const { emitted } = upstream.incarnation;
    if (page.offset !== emitted) return `${page.name} was shown ${page.offset} of ${emitted} bytes`;
    // Everything was read and acknowledged: nothing is left that the process could have to wait for (FC2).
    if (upstream.unsaidBytes > 0)
      return `the process of ${page.name} still has ${upstream.unsaidBytes} bytes to write${upstream.paused ? ' and is not read' : ''}`;
    if (upstream.paused) return `the process of ${page.name} is not read`;
    if (!page.allParsed) return `${page.name} has not parsed everything`;
    if (alone && !isDriven(session, page)) return `${page.name}, the only page, does not drive (${world.broker.tell(id)})`;
    const untold = unaccounted(page);
    if (untold) return `${untold} (${world.broker.tell(id)})`;
  }
  return undefined;
}

/** A page was told the end, and a fail-over has lost it: its worker writes it once more (LS2). */
function endTakenBack(world: World, { ended, name, session }: SimPage): string | undefined {
  const record = ended && session && world.broker.server.readSession(session);
  if (!record || record.state === 'ended' || world.workersLost > 0 || world.truth.twice(session)) return undefined;
  return `${name} was told the end ${ended.kind}, and the record says ${record.state}`;
}

/** Every byte that a living page took from its user was typed, or its user was told that it was not. */
function unaccounted(page: SimPage): string | undefined {
  for (const stream of page.streams) {
    if (stream.given !== stream.typed && !stream.told) {
      return `of stream ${stream.page} ${stream.given} bytes were given and ${stream.typed} typed, nothing declared`;
    }
  }
  const { untypedBytes } = page.client.state;
  return untypedBytes > 0 ? `${page.name} believes that ${untypedBytes} bytes are not typed` : undefined;
}

/** A page that was reloaded before it had a session has opened another one. */
function isDriven(session: SimSession, page: SimPage): boolean {
  return session.pages.some((each) => each.session === page.session && each.client.state.driving);
}

function takeControlIfNobodyDrives(world: World, session: SimSession, page: SimPage): void {
  if (isDriven(session, page) || world.scheduler.nowMs < world.healedAtMs + patienceMs) return;
  world.note(`${page.name} takes control, since nobody drives`);
  page.client.takeControl();
}

/** @returns which page does not yet know that its session is over */
export function unfinished(world: World): string | undefined {
  for (const page of world.pages) if (!page.over) return `${page.name} does not know that its session has ended`;
  return undefined;
}
