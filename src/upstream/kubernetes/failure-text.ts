/** Sentences of runtimes and kubelets that mean one thing a person can act on; first match wins. Used for statuses and for refusals. */
export interface KnownFailure {
  readonly reason: string;
  readonly retryable: boolean;
  readonly message: string;
  readonly pattern: RegExp;
}

const knownFailures: readonly KnownFailure[] = [
  {
    reason: 'node-unreachable',
    retryable: true,
    message: 'The node of this pod cannot be reached.',
    pattern:
      /error dialing backend|dial (tcp|unix)|no route to host|connection refused|i\/o timeout|tunnel disconnect|failed to find Session for client/i,
  },
  {
    reason: 'command-not-found',
    retryable: false,
    message: 'The command does not exist in this container.',
    pattern: /executable file not found|no such file or directory|cannot find the file specified|cannot find the path specified/i,
  },
  {
    reason: 'command-not-executable',
    retryable: false,
    message: 'The command may not be executed in this container.',
    pattern: /permission denied|exec format error/i,
  },
  {
    reason: 'container-not-running',
    retryable: false,
    message: 'The container is not running.',
    pattern:
      /container not found|not in running state|is not running|container is not created or running|completed pod|stopped container|CONTAINER_EXITED/i,
  },
];

export function knownFailure(text: string): KnownFailure | undefined {
  return knownFailures.find((failure) => failure.pattern.test(text));
}
