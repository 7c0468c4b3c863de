/** A `metav1.Status` as the API server writes it. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Record<string, never>;
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: object;
  readonly code?: number;
}

const head = { kind: 'Status', apiVersion: 'v1', metadata: {} } as const;

export const success: Status = { ...head, status: 'Success' };

export function nonZeroExit(code: number): Status {
  const message = `command terminated with non-zero exit code: command terminated with exit code ${code}`;
  const details = { causes: [{ reason: 'ExitCode', message: String(code) }] };
  return { ...head, status: 'Failure', message, reason: 'NonZeroExitCode', details };
}

export function internalError(what: string): Status {
  return { ...failure(500, 'InternalError', `Internal error occurred: ${what}`), details: { causes: [{ message: what }] } };
}

export const unauthorized = failure(401, 'Unauthorized', 'Unauthorized');

export function notFound(kind: string, name: string): Status {
  return { ...failure(404, 'NotFound', `${kind} "${name}" not found`), details: { name, kind } };
}

export const noSuchPath = failure(404, 'NotFound', 'the server could not find the requested resource');

export function badRequest(message: string): Status {
  return failure(400, 'BadRequest', message);
}

function failure(code: number, reason: string, message: string): Status {
  return { ...head, status: 'Failure', message, reason, code };
}
