import type { SavedSession } from '../../src/client/client-host.ts';
import type { Target } from '../../src/protocol/target.ts';
import { SimPage } from './sim-page.ts';
import type { World } from './world.ts';

/** One session and its people: the first page opens it, others join with what it saved. Pages are reloaded, never given up. */
export class SimSession {
  readonly name: string;
  readonly #world: World;
  readonly target: Target;
  readonly #size = { cols: 80, rows: 24 };
  pages: SimPage[] = [];
  #saved: SavedSession | undefined;
  #loads = 0;

  constructor(world: World, name: string) {
    this.#world = world;
    this.name = name;
    this.target = drawTarget(world);
    const first = this.#load();
    first.client.start(this.#size);
  }

  get saved(): SavedSession | undefined {
    return this.#saved;
  }

  /** A second tab with the same session: it watches until its user takes control. */
  join(): SimPage | undefined {
    const saved = this.#saved;
    if (!saved) return undefined;
    const stream = this.#world.random.chance(0.7) ? 'f'.repeat(32) : saved.stream;
    const page = this.#load();
    page.client.startAgain({ ...saved, stream }, this.#size);
    return page;
  }

  reload(page: SimPage): void {
    if (page.over) return;
    const saved = page.client.saved;
    this.#world.note(`${page.name} is reloaded`);
    page.unload();
    this.pages = this.pages.filter((each) => each !== page);
    const next = this.#load();
    if (saved) next.client.startAgain(saved, this.#size);
    else next.client.start(this.#size);
  }

  /** Its user closes the tab, or its machine is gone and nobody is told. */
  leave(page: SimPage, told: boolean): void {
    this.#world.note(`${page.name} is gone${told ? '' : ' without a word'}`);
    page.leave(told);
    this.pages = this.pages.filter((each) => each !== page);
  }

  #load(): SimPage {
    const first = this.pages.length === 0;
    const { parseRate, watcherRate } = this.#world.profile;
    const page = new SimPage(this.#world, `${this.name}.${++this.#loads}`, this.target, first ? parseRate : watcherRate, (saved) => {
      if (first || !this.#saved) this.#saved = saved;
    });
    this.pages.push(page);
    this.#typeLater(page);
    return page;
  }

  #typeLater(page: SimPage): void {
    const { random, profile } = this.#world;
    page.after(random.exponential(profile.typeEveryMs), () => {
      if (page.over || this.#world.quiet) return;
      page.type(random.whole(1, profile.typingBytes));
      if (random.chance(0.05)) page.client.resized(random.whole(20, 200), random.whole(5, 60));
      this.#typeLater(page);
    });
  }
}

function drawTarget({ profile, random }: World): Target {
  const place = { cluster: 'local', namespace: 'default', pod: 'pod', container: '' };
  if (profile.logs > 0 && random.chance(profile.logs)) return { kind: 'log', ...place, follow: true, previous: false };
  return { kind: 'exec', ...place, command: ['sh'], tty: !(profile.pipes > 0 && random.chance(profile.pipes)) };
}
