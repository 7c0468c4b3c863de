/** One way to start a shell. */
export interface ShellCandidate {
  /** As it is named to a person when none was there. */
  readonly name: string;
  readonly command: readonly string[];
}

/**
 * The shells to try, in turn (UP5). The session id rides as an argument, not inside the script, and ends up in the environment of the
 * shell and all it starts, where the cleaning finds it (UP9). Windows' `cmd` has no such environment to be read.
 */
export function shellCandidates(sessionId: string, tty: boolean): readonly ShellCandidate[] {
  const mark = `${tty ? 'export TERM=xterm-256color; ' : ''}export POSEIDON_SESSION="$1"; `;
  const best = `${mark}if command -v bash >/dev/null 2>&1; then exec bash; else exec "$0"; fi`;
  return [
    { name: '/bin/sh', command: ['/bin/sh', '-c', best, '/bin/sh', sessionId] },
    { name: 'bash', command: ['bash', '-c', `${mark}exec bash`, 'bash', sessionId] },
    { name: 'sh', command: ['sh', '-c', best, 'sh', sessionId] },
    { name: 'cmd', command: ['cmd'] },
  ];
}
