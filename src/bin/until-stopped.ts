import type { Log } from '../telemetry/log.ts';

export type StopReason = 'interrupt' | 'terminate' | 'bug';

/** npm passes a Ctrl-C on that the terminal has already sent: two signals this close together are one. */
const sameSignalMs = 500;

/** However slowly things close, the process ends so long after it was told to, draining not counted. */
const lastExitMs = 15_000;

/**
 * Waits for the signal, or the bug, that ends this process. A second signal exits at once.
 */
export function untilStopped(log: Log): { readonly reason: Promise<StopReason> } {
  let firstAtMs: number | undefined;
  const reason = new Promise<StopReason>((resolve) => {
    const stop = (why: StopReason, code: number) => {
      if (firstAtMs !== undefined) {
        if (why !== 'bug' && performance.now() - firstAtMs > sameSignalMs) process.exit(code);
        return;
      }
      firstAtMs = performance.now();
      if (why !== 'terminate') setTimeout(() => process.exit(code), lastExitMs).unref();
      resolve(why);
    };
    process.on('SIGINT', () => stop('interrupt', 130));
    process.on('SIGHUP', () => stop('interrupt', 129));
    process.on('SIGTERM', () => stop('terminate', 143));
    process.on('uncaughtException', (error) => {
      log.error({ error }, 'bug');
      stop('bug', 1);
    });
    // One task has failed; what it was part of is in a known state, and many users are on this process.
    process.on('unhandledRejection', (error) => log.error({ error }, 'bug: failure that nobody handled'));
  });
  return { reason };
}
