import { decodeUtf8 } from '../../protocol/utf8.ts';

/** The part of a `metav1.Status` that is used here; every field as far as it has the right type. */
export interface StatusObject {
  readonly success: boolean;
  readonly message: string;
  readonly reason: string;
  readonly code: number | undefined;
  /** `details.kind`: what was not found, for example `pods`. */
  readonly kind: string;
  readonly causes: readonly { readonly reason: string; readonly message: string }[];
  readonly retryAfterSeconds: number | undefined;
}

/** By trying, not by content type: proxies in front of Kubernetes forget it (facts 1.6). @returns undefined for anything else; never throws */
export function parseStatus(bytes: Uint8Array): StatusObject | undefined {
  let value: unknown;
  try {
    value = JSON.parse(decodeUtf8(bytes) ?? '');
  } catch {
    return undefined;
  }
  const status = record(value);
  if (!status) return undefined;
  // Rancher's own errors have `type: error` and `status: 403`; Kubernetes' have `status: Failure`.
  const isStatus = status['status'] === 'Success' || status['status'] === 'Failure';
  if (!isStatus && status['type'] !== 'error') return undefined;
  const details = record(status['details']);
  const causes = Array.isArray(details?.['causes']) ? details['causes'] : [];
  return {
    success: status['status'] === 'Success',
    message: text(status['message']),
    reason: text(status['reason']) || text(status['code']),
    code: whole(status['code']) ?? whole(status['status']),
    kind: text(details?.['kind']),
    causes: causes.slice(0, 32).map((cause: unknown) => ({
      reason: text(record(cause)?.['reason']),
      message: text(record(cause)?.['message']),
    })),
    retryAfterSeconds: whole(details?.['retryAfterSeconds']),
  };
}

function record(value: unknown): { readonly [key: string]: unknown } | undefined {
  return typeof value === 'object' && value !== null ? (value as { [key: string]: unknown }) : undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function whole(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}
