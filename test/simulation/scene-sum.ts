import { type Scene, type Seen, sceneNames } from './scenes.ts';

/** The scenes of many runs. */
export class SceneSum {
  readonly #counts = new Map<Scene, number>();

  add(seen: Seen): void {
    for (const name of sceneNames) this.#counts.set(name, this.of(name) + (seen[name] ?? 0));
  }

  of(name: Scene): number {
    return this.#counts.get(name) ?? 0;
  }
}
