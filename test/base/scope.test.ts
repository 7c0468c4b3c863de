import { expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.ts';

it('[ED3] what a scope owns is closed in reverse order, each once, and the next only when the one before is done', async () => {
  const scope = new Scope();
  const closed: string[] = [];
  scope.own(async () => {
    await Promise.resolve();
    closed.push('first opened');
  });
  scope.own(async () => {
    await Promise.resolve();
    closed.push('second opened');
  });
  const closing = [scope.close(), scope.close()];
  expect(scope.closed).toBe(true);
  await Promise.all(closing);
  await scope.close();
  expect(closed).toStrictEqual(['second opened', 'first opened']);
});

it('[ED3] a failure while closing does not keep the rest open, and is told at the end', async () => {
  const scope = new Scope();
  const closed: string[] = [];
  scope.own(() => void closed.push('a'));
  scope.own(() => {
    throw new Error('b does not close');
  });
  scope.own(() => Promise.reject(new Error('c does not close')));
  await expect(scope.close()).rejects.toThrow('c does not close');
  expect(closed).toStrictEqual(['a']);
});

it('[ED3] what is handed to a closed scope is closed at once', async () => {
  const scope = new Scope();
  await scope.close();
  const closed: string[] = [];
  scope.own(() => void closed.push('late'));
  expect(closed).toStrictEqual(['late']);
});

it('[ED3] the end of a block closes its scope', async () => {
  const closed: string[] = [];
  {
    await using scope = new Scope();
    scope.own(() => void closed.push('owned'));
    expect(scope.closed).toBe(false);
  }
  expect(closed).toStrictEqual(['owned']);
});
