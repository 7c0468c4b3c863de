/** One thing that is wrong with the configuration, as one line for the person who can change it. Never holds a secret value. */
export interface Problem {
  /** A flag or a variable. */
  readonly where: string;
  readonly what: string;
  readonly todo: string;
}

export function problemLine({ where, what, todo }: Problem): string {
  return `${where}: ${what}. ${todo}${/[.?]$/.test(todo) ? '' : '.'}`;
}
