import type { User } from '../../auth/user.ts';

/** What a user can open, as the user's own rights allow (design 6.3). Every method rejects with UpstreamRefusal, fit to be shown. */
export interface Picker {
  clusters(user: User, signal: AbortSignal): Promise<readonly PickerCluster[]>;
  namespaces(user: User, cluster: string, signal: AbortSignal): Promise<readonly string[]>;
  pods(user: User, cluster: string, namespace: string, signal: AbortSignal): Promise<readonly PickerPod[]>;
}

interface PickerCluster {
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** Why it can hardly be used now; absent: it can. */
  readonly state?: string;
}

interface PickerPod {
  readonly name: string;
  /** `Pending`, `Running`, `Succeeded`, `Failed`, `Unknown`, `Terminating`. */
  readonly phase: string;
  readonly reason?: string;
  readonly containers: readonly PickerContainer[];
}

interface PickerContainer {
  readonly name: string;
  readonly kind: 'container' | 'init' | 'ephemeral';
  readonly state: 'running' | 'waiting' | 'terminated' | 'unknown';
  readonly reason?: string;
  readonly ready: boolean;
  /** What attaching to its main process gives beside its output. */
  readonly attach?: 'terminal' | 'input';
}
