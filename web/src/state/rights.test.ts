import { describe, expect, it } from 'vitest';
import type { Role } from '../engine/api';
import { allVerified, mayRemove, needsHeir, rightsIn } from './rights';
import { person, room } from './testing';

const as = (role: Role, over: Parameters<typeof room>[1] = {}) =>
  room('r', {
    people: [
      person('me', { own: true, role }),
      person('ann', { role: 'owner' }),
      person('bob', { role: 'moderator' }),
      person('eve'),
      person('old', { role: 'former' }),
    ],
    ...over,
  });

describe('what may be done in a room', () => {
  it.each([
    ['owner', { edit: true, doors: true, rules: true, roles: true }],
    ['moderator', { edit: true, doors: true, rules: false, roles: false }],
    ['member', { edit: false, doors: false, rules: false, roles: false }],
    ['former', { edit: false, doors: false, rules: false, roles: false }],
  ] as const)('as %s', (role, expected) => {
    expect(rightsIn(as(role))).toEqual({ role, ...expected });
  });

  it('is little between two', () => {
    expect(rightsIn(as('owner', { peer: 'ann' }))).toMatchObject({ edit: false, doors: false, rules: true });
  });

  it('removes below oneself only', () => {
    const removable = (role: Role, over = {}) =>
      as(role, over)
        .people.filter((one) => mayRemove(as(role, over), one))
        .map((one) => one.account);
    expect(removable('owner')).toEqual(['ann', 'bob', 'eve']);
    expect(removable('moderator')).toEqual(['eve']);
    expect(removable('member')).toEqual([]);
    expect(removable('owner', { peer: 'ann' })).toEqual([]);
  });

  it('asks the last owner for an heir', () => {
    const people = [person('me', { own: true, role: 'owner' }), person('bob', { role: 'moderator' })];
    expect(needsHeir(as('owner'))).toBe(false);
    expect(needsHeir(as('owner', { people }))).toBe(true);
    expect(needsHeir(as('owner', { people, peer: 'bob' }))).toBe(false);
    expect(needsHeir(as('owner', { people: people.slice(0, 1) }))).toBe(false);
  });
});

it('a room is verified when everybody else is', () => {
  const verified = (account: string) => person(account, { identity: { type: 'verified' } });
  const me = person('me', { own: true });
  expect(allVerified(room('r', { people: [me, verified('ann')] }))).toBe(true);
  expect(allVerified(room('r', { people: [me, verified('ann'), person('bob')] }))).toBe(false);
  expect(allVerified(room('r', { people: [me, verified('ann'), person('bob', { role: 'former' })] }))).toBe(
    true,
  );
  expect(allVerified(room('r', { people: [me] }))).toBe(false);
});
