import { describe, expect, it } from 'vitest';
import { CATALOGUES } from '../../locale/catalogue';
import type { UserRecord } from '../../state/admin-types';
import { actionsFor, USER_ACTIONS } from './user-actions';

const user: UserRecord = {
  account: 'a',
  username: 'ann',
  status: 'active',
  administrator: false,
  guest: false,
  totp: true,
  created_at_ms: 0,
  last_seen_at_ms: 0,
  online: true,
  sessions: 1,
  rooms: 0,
  storage_bytes: 0,
};

describe('what can be done with a user', () => {
  it.each([
    [{}, false, ['kick', 'resetTotp', 'promote', 'ban']],
    [{ sessions: 0, totp: false }, false, ['promote', 'ban']],
    [{ administrator: true }, false, ['kick', 'resetTotp', 'demote', 'ban']],
    [{ status: 'pending' }, false, ['approve', 'refuse']],
    [{ status: 'banned' }, false, ['unban']],
    [{ administrator: true }, true, ['demote']],
    [{ guest: true, totp: false }, false, ['kick', 'ban']],
  ] as const)('%o, own %s', (over, own, actions) => {
    expect(actionsFor({ ...user, ...over }, own)).toEqual(actions);
  });

  it('says before what it does, and after that it is done', () => {
    for (const { action, points } of Object.values(USER_ACTIONS)) {
      expect(CATALOGUES.en).toHaveProperty([`act.${action}.done`]);
      if (points.length > 0) expect(CATALOGUES.en).toHaveProperty([`act.${action}.title`]);
    }
  });
});
