import { describe, expect, it } from 'vitest';
import { type Impersonation, ImpersonationProof } from '../../src/auth/impersonation-proof.ts';
import { userNamed } from '../support/users.ts';

const acting = (user: string) => userNamed(user, { kind: 'impersonation', user, groups: ['dev'], extra: {} });

describe('the proof that a cluster takes the relay for its users', () => {
  it('[UP10] is the name that the cluster says, asked again every five minutes', async () => {
    let nowMs = 0;
    const asked: [string, Impersonation][] = [];
    const proof = new ImpersonationProof(
      async (cluster, credential) => {
        asked.push([cluster, credential]);
        return credential.user;
      },
      () => nowMs,
    );
    for (let i = 0; i < 3; i++) expect(await proof.holds(acting('ann'), 'a')).toBe(true);
    expect(asked).toEqual([['a', acting('ann').credential]]);
    await proof.holds(acting('ann'), 'b');
    await proof.holds(acting('bob'), 'a');
    expect(asked).toHaveLength(3);
    nowMs += 300_000;
    await proof.holds(acting('ann'), 'a');
    expect(asked).toHaveLength(4);
  });

  it('[UP10] fails where the cluster names somebody else, and is not believed from before', async () => {
    let name = 'relay';
    const proof = new ImpersonationProof(
      async () => name,
      () => 0,
    );
    expect(await proof.holds(acting('ann'), 'a')).toBe(false);
    name = 'ann';
    expect(await proof.holds(acting('ann'), 'a')).toBe(true);
  });

  it('[UP10] is no matter of users with a credential of their own, and says when it cannot be had', async () => {
    const proof = new ImpersonationProof(
      async () => Promise.reject(new Error('down')),
      () => 0,
    );
    expect(await proof.holds(userNamed('ann', { kind: 'bearer', token: 't' }), 'a')).toBe(true);
    expect(await proof.holds(userNamed('ann'), 'a')).toBe(true);
    await expect(proof.holds(acting('ann'), 'a')).rejects.toThrow('down');
  });
});
