import { describe, expect, it } from 'vitest';
import { endBeforeOpen, endOfLog, endOnChannels } from '../../../src/edge/dropin/end-answer.ts';
import { type EndReason, endKinds } from '../../../src/protocol/end-reason.ts';

const text = (bytes: Uint8Array | undefined) => (bytes ? Buffer.from(bytes).toString() : undefined);
const onChannels = (end: EndReason) => {
  const [json, plain] = [endOnChannels(end, 'json'), endOnChannels(end, 'text')];
  return [JSON.parse(text(json.status) ?? 'null'), json.closeCode, text(plain.status), plain.closeCode];
};
const raw = '{"metadata":{},"status":"Failure","message":"boom","reason":"InternalError","code":500}';

describe('the end of a session in the words of Kubernetes', () => {
  it.each<[string, EndReason, unknown[]]>([
    ['success', { kind: 'exited', code: 0, message: '' }, [{ metadata: {}, status: 'Success' }, 1000, undefined, 1000]],
    ['the end of an attached stream', { kind: 'completed', message: '' }, [{ metadata: {}, status: 'Success' }, 1000, undefined, 1000]],
    [
      'an exit code that an old upstream told in words',
      { kind: 'exited', code: 3, message: '', status: 'command terminated with non-zero exit code: exit status 3' },
      [
        expect.objectContaining({ reason: 'NonZeroExitCode', details: { causes: [{ reason: 'ExitCode', message: '3' }] } }),
        1000,
        'command terminated with non-zero exit code: exit status 3',
        1000,
      ],
    ],
    ['a status of the upstream', { kind: 'failed', message: 'm', status: raw }, [JSON.parse(raw), 1000, 'boom', 1000]],
    [
      'an end without a status, which an old protocol takes for success and a new one does not',
      { kind: 'no-status', message: 'It said nothing.' },
      [expect.objectContaining({ status: 'Failure', reason: 'InternalError', code: 500 }), 1000, undefined, 1000],
    ],
    [
      'a broken upstream',
      { kind: 'broken', message: 'It broke.' },
      [expect.objectContaining({ message: 'Internal error occurred: It broke.', code: 500 }), 1000, 'It broke.', 1011],
    ],
  ])('[DI2] %s', (_name, end, told) => {
    expect(onChannels(end)).toStrictEqual(told);
  });

  it.each(endKinds)('[DI6] %s is success only if it is', (kind) => {
    const isGood = kind === 'completed' || kind === 'exited';
    const { status } = JSON.parse(text(endOnChannels({ kind, code: 0, message: 'm' }, 'json').status) ?? '') as { status: string };
    expect(status).toBe(isGood ? 'Success' : 'Failure');
    expect(endOfLog({ kind, message: 'm' }).closeCode).toBe(kind === 'completed' ? 1000 : 1011);
  });

  it.each<[EndReason, number | undefined, string?]>([
    [{ kind: 'refused', message: 'm', http: 403, status: raw }, 403, raw],
    [{ kind: 'refused', message: 'm', http: 500, status: 'container not running' }, 500],
    [{ kind: 'refused', message: 'm', http: 204 }, 204],
    [{ kind: 'refused', message: 'm', http: 200, status: 'a log' }, 502],
    [{ kind: 'refused', message: 'm', http: 302 }, 502],
    [{ kind: 'refused', message: 'm', http: 403 }, 502],
    [{ kind: 'refused', message: 'm', reason: 'dns' }, 502],
    [{ kind: 'refused', message: 'm', status: raw }, undefined],
    [{ kind: 'exited', code: 1, message: 'm' }, undefined],
    [{ kind: 'worker-lost', message: 'm' }, 503],
  ])('[DI3] %j is answered with %s', (end, status, body) => {
    const answer = endBeforeOpen(end, false);
    expect(answer?.status).toBe(status);
    if (body !== undefined) expect(text(answer?.body)).toBe(body);
    else if (status !== undefined && status !== 204)
      expect(JSON.parse(text(answer?.body) ?? '')).toMatchObject({ kind: 'Status', code: status });
  });

  it('[DI3] does not tell a user to sign in when it was the relay that was refused', () => {
    const end = { kind: 'refused', message: 'm', http: 401, status: raw } as const;
    expect([endBeforeOpen(end, true)?.status, endBeforeOpen(end, false)?.status]).toStrictEqual([502, 401]);
  });
});
