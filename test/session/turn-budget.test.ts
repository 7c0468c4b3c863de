import { describe, expect, it } from 'vitest';
import { TurnBudget } from '../../src/session/turn-budget.ts';

function budget() {
  const turns: Array<() => void> = [];
  const told: string[] = [];
  const made = new TurnBudget(
    100,
    (run) => turns.push(run),
    () => told.push('refilled'),
  );
  const nextTurn = () => {
    for (const run of turns.splice(0)) run();
  };
  return { budget: made, told, nextTurn, turns };
}

describe('the budget of a turn', () => {
  it('[FC8] is spent by what moves in one turn and whole again in the next', () => {
    const { budget: of, told, nextTurn } = budget();
    of.spend(60);
    expect(of.spent).toBe(false);
    of.spend(60);
    expect(of.spent).toBe(true);
    nextTurn();
    expect([of.spent, told]).toStrictEqual([false, ['refilled']]);
  });

  it('[FC8] says nothing when it was not used up, and asks for the end of a turn once', () => {
    const { budget: of, told, nextTurn, turns } = budget();
    of.spend(10);
    of.spend(10);
    expect(turns).toHaveLength(1);
    nextTurn();
    expect(told).toStrictEqual([]);
    of.spend(99);
    expect(of.spent).toBe(false);
  });
});
