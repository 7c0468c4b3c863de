import type { EndReason } from '../../protocol/end-reason.ts';
import type { Upstream, UpstreamEvents } from '../upstream.ts';
import { UpstreamRefusal } from '../upstream.ts';

/**
 * Looks for processes that carry the session's mark in their environment, hangs them up as a lost terminal does, and says how many are left
 * after three seconds: those that ignore it, because somebody wanted that. Nothing is typed (UP9). Shells leave out the zero bytes of
 * `environ`, and an id is long enough to be found without them.
 */
const script = `look() { left=; for p in /proc/[0-9]*; do case "$(cat "$p/environ" 2>/dev/null)" in *"POSEIDON_SESSION=$id"*) left="$left \${p#/proc/}";; esac; done; }
id=$1; look
if [ -n "$left" ]; then kill -HUP $left; kill -CONT $left; fi 2>/dev/null
for round in 1 2 3; do look; [ -z "$left" ] && break; sleep 1; done
set -- $left; echo "left $#"`;

function hangUpCommands(sessionId: string): readonly (readonly string[])[] {
  return ['/bin/sh', 'sh', 'bash'].map((shell) => [shell, '-c', script, shell, sessionId]);
}

/** The answer is a line; more of it is not kept. */
const mostAnswerBytes = 256;

/** The end and the first output of a command. */
class Answer implements UpstreamEvents {
  readonly end: Promise<EndReason>;
  text = '';
  #ended: (end: EndReason) => void = () => {};

  constructor() {
    this.end = new Promise((resolve) => {
      this.#ended = resolve;
    });
  }

  output(bytes: Uint8Array): void {
    if (this.text.length < mostAnswerBytes) this.text += new TextDecoder().decode(bytes.subarray(0, mostAnswerBytes));
  }

  remark(): void {}

  drained(): void {}

  ended(end: EndReason): void {
    this.#ended(end);
  }
}

/** @returns how many processes are left @throws UpstreamRefusal when nobody knows */
export async function hangUp(
  sessionId: string,
  exec: (command: readonly string[], events: UpstreamEvents) => Promise<Upstream>,
  signal: AbortSignal,
): Promise<number> {
  let last: EndReason = { kind: 'failed', reason: 'internal', message: 'No shell was tried.' };
  for (const command of hangUpCommands(sessionId)) {
    const answer = new Answer();
    const upstream = await exec(command, answer);
    const aborted = () => answer.ended({ kind: 'broken', reason: 'timeout', message: 'The processes were not hung up in time.' });
    signal.addEventListener('abort', aborted, { once: true });
    last = await answer.end;
    signal.removeEventListener('abort', aborted);
    upstream.close();
    const left = /^left (\d+)$/m.exec(answer.text)?.[1];
    if (left !== undefined) return Number(left);
    if (last.reason !== 'command-not-found') break;
  }
  throw new UpstreamRefusal(last, last.kind === 'broken');
}
