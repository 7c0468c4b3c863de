import { readdirSync, readFileSync } from 'node:fs';

/** Processes of this machine, where the pods of the test server run, that carry the mark of a session (UP9). */
export function markedProcesses(sessionId: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`POSEIDON_SESSION=${sessionId}`);
    } catch {
      return false;
    }
  });
}
