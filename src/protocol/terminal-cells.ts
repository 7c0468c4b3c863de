/** Terminal size in cells; what is outside is a broken frame (facts: one bad size freezes an upstream for good). */
const terminalCells = { min: 1, max: 65535 } as const;

export function isCells(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= terminalCells.min && value <= terminalCells.max;
}
