import { describe, expect, it } from 'vitest';
import type { EndReason } from '../../../src/protocol/end-reason.ts';
import { parseEndReason } from '../../../src/protocol/end-reason.ts';
import { decodeJsonObject, encodeJson } from '../../../src/protocol/json.ts';
import { endOfStream, type StreamEnd } from '../../../src/upstream/kubernetes/stream-end.ts';

function end(status: object | string, rest: Partial<StreamEnd> = {}): EndReason {
  const bytes = new TextEncoder().encode(typeof status === 'string' ? status : JSON.stringify(status));
  return endOfStream({ target: 'exec', statusForm: 'json', closeCode: 1000, started: true, ...rest, status: bytes });
}

function nonZero(code: string | number, ...more: object[]): object {
  const causes = [...more, { reason: 'ExitCode', message: String(code) }];
  return { metadata: {}, status: 'Failure', reason: 'NonZeroExitCode', message: 'command terminated', details: { causes } };
}

describe('the end of an exec or attach connection', () => {
  it.each([0, 1, 126, 127, 130, 137, 255])('[UP4] tells exit code %i', (code) => {
    expect(end(nonZero(code))).toMatchObject({ kind: 'exited', code });
  });

  it.each<[string, EndReason, Partial<EndReason>]>([
    ['success with metadata', end({ metadata: {}, status: 'Success' }), { kind: 'exited', code: 0 }],
    ['success without metadata', end({ status: 'Success' }), { kind: 'exited', code: 0 }],
    ['success of an attach', end({ status: 'Success' }, { target: 'attach' }), { kind: 'completed' }],
    ['several causes', end(nonZero(9, { message: 'first' }, { reason: 'Other', message: '4' })), { kind: 'exited', code: 9 }],
    ['a code that is no number', end(nonZero('nine')), { kind: 'failed' }],
    ['a code beyond 255', end(nonZero(256)), { kind: 'failed' }],
    ['causes that are no list', end({ status: 'Failure', details: { causes: 'x' } }), { kind: 'failed' }],
    [
      'an internal error',
      end({ status: 'Failure', reason: 'InternalError', message: 'boom' }),
      { kind: 'failed', reason: 'upstream-failure' },
    ],
    ['a failure before anything ran', end({ status: 'Failure', message: 'boom' }, { started: false }), { kind: 'refused' }],
    [
      'a missing command (v5, a cause without a reason)',
      end(
        {
          status: 'Failure',
          reason: 'InternalError',
          code: 500,
          message: 'Internal error occurred: Internal error occurred: … exec: "x": executable file not found in $PATH: unknown',
          details: { causes: [{ message: 'exec: "x": executable file not found in $PATH' }] },
        },
        { started: false },
      ),
      { kind: 'refused', reason: 'command-not-found' },
    ],
    [
      'a node that cannot be reached (v5)',
      end({ status: 'Failure', message: 'error dialing backend: dial tcp 10.0.0.1:10250: connect: no route to host' }, { started: false }),
      { kind: 'refused', reason: 'node-unreachable' },
    ],
    [
      'bare text with an exit code (v1)',
      end('command terminated with non-zero exit code: error executing command [sh -c exit 3], exit code 3'),
      { kind: 'exited', code: 3 },
    ],
    ['bare text without one (v1)', end('no such container', { statusForm: 'text' }), { kind: 'failed' }],
    ['JSON that is no status', end('{"a":1}'), { kind: 'failed' }],
    ['no status, closed with 1000', end('', {}), { kind: 'no-status' }],
    ['no status of an attach where one is due, closed with 1000', end('', { target: 'attach' }), { kind: 'no-status' }],
    ['no status of an attach in an old protocol (v1)', end('', { target: 'attach', statusForm: 'text' }), { kind: 'completed' }],
    ['no status, closed with 1006', end('', { closeCode: 1006 }), { kind: 'broken', reason: 'close-1006' }],
    ['no status, closed with 1001', end('', { closeCode: 1001 }), { kind: 'broken' }],
    ['no status, closed with 1011', end('', { closeCode: 1011 }), { kind: 'broken' }],
    ['a status and a broken connection after it', end(nonZero(3), { closeCode: 1006 }), { kind: 'exited', code: 3 }],
  ])('[UP4] understands %s', (_what, reason, expected) => {
    expect(reason).toMatchObject(expected);
  });

  it('[UP4] names the signal behind codes above 128', () => {
    expect(end(nonZero(137)).message).toContain('SIGKILL');
    expect(end(nonZero(130)).message).toContain('SIGINT');
  });

  it('[UP4] fits into an exit entry whatever the upstream wrote', () => {
    const reason = end({ status: 'Failure', message: '\u0001"\\\ud800'.repeat(20_000) });
    const again = parseEndReason(decodeJsonObject(encodeJson(reason)));
    expect(again).toEqual(reason);
    expect(again?.status?.length).toBeGreaterThan(100);
  });
});
