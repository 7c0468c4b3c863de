import { writerRingBytes } from '../protocol/limits.ts';

/** However many writers share a budget, each may keep this much: a few entries of a busy session, seconds of a quiet one. */
const leastBytes = 64 * 1024;

/** Between two looks at the rings of writers that have nothing to write. */
const lookEveryMs = 1000;

/** A ring that can give back what it keeps beyond the bound. */
export interface BudgetedRing {
  fitRing(nowMs: number): void;
}

export interface RingLimits {
  /** Of all rings together. */
  readonly totalBytes: number;
  /** For so long an answered frame may stay. */
  readonly keepMs: number;
}

/**
 * What the rings of a process's writers keep for a resend, all together (FC4, FC7). While there is room each ring has its own bound; beyond,
 * each has an equal share, and those that have more give it back: the busy ones with their next entry, the idle ones within a second.
 */
export class RingBudget {
  readonly #totalBytes: number;
  readonly keepMs: number;
  readonly #rings = new Set<BudgetedRing>();
  #usedBytes = 0;
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor({ totalBytes, keepMs }: RingLimits = { totalBytes: Number.POSITIVE_INFINITY, keepMs: Number.POSITIVE_INFINITY }) {
    this.#totalBytes = totalBytes;
    this.keepMs = keepMs;
  }

  /** Of one ring. */
  get boundBytes(): number {
    if (this.#usedBytes <= this.#totalBytes) return writerRingBytes;
    return Math.min(writerRingBytes, Math.max(leastBytes, this.#totalBytes / this.#rings.size));
  }

  join(ring: BudgetedRing): void {
    this.#rings.add(ring);
  }

  /** @param bytes what it kept at the end */
  leave(ring: BudgetedRing, bytes: number): void {
    if (this.#rings.delete(ring)) this.#usedBytes -= bytes;
  }

  changed(byBytes: number): void {
    this.#usedBytes += byBytes;
  }

  /** An entry of some ring was stored. */
  stored(nowMs: number): void {
    if (this.#usedBytes <= this.#totalBytes || nowMs - this.#lookedAtMs < lookEveryMs) return;
    this.#lookedAtMs = nowMs;
    for (const ring of this.#rings) ring.fitRing(nowMs);
  }
}
