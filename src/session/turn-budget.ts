/**
 * Bytes that one session may move in one turn of the event loop (FC8): over it the source is paused and goes on in the next turn, behind
 * everybody who waits. Without it a flood that the socket library reads in one go holds up all neighbours.
 */
export class TurnBudget {
  readonly #bytes: number;
  readonly #endOfTurn: (run: () => void) => void;
  readonly #refilled: () => void;
  #left: number;
  #refilling = false;

  /** @param refilled called in the next turn if the budget was used up */
  constructor(bytes: number, endOfTurn: (run: () => void) => void, refilled: () => void) {
    this.#bytes = this.#left = bytes;
    this.#endOfTurn = endOfTurn;
    this.#refilled = refilled;
  }

  get spent(): boolean {
    return this.#left <= 0;
  }

  spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#refilling) return;
    this.#refilling = true;
    this.#endOfTurn(() => {
      this.#refilling = false;
      const { spent } = this;
      this.#left = this.#bytes;
      if (spent) this.#refilled();
    });
  }
}
