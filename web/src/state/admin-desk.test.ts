import { describe, expect, it } from 'vitest';
import { AdminApi } from './admin-api';
import { Admin } from './admin.svelte';
import { Desk, dayStart } from './admin-desk.svelte';
import { ScriptedEngine, settled } from './testing';
import type { UserRecord } from './admin-types';

function user(account: string, over: Partial<UserRecord> = {}): UserRecord {
  return {
    account,
    username: account,
    status: 'active',
    administrator: false,
    guest: false,
    totp: true,
    created_at_ms: 1,
    last_seen_at_ms: 1,
    online: false,
    sessions: 0,
    rooms: 0,
    storage_bytes: 0,
    ...over,
  };
}

/** A desk at a relay that gives these answers, and the paths that were asked. */
function desk(answers: Record<string, object>) {
  const asked: string[] = [];
  const api = new AdminApi((path) => {
    const asking = String(path).replace('/api/v1/admin/', '');
    asked.push(asking);
    const answer = answers[asking.split('?')[0] ?? ''];
    return Promise.resolve(
      answer ? Response.json(answer) : Response.json({ code: 'unavailable', detail: '' }, { status: 503 }),
    );
  });
  const admin = new Admin(new ScriptedEngine(), api);
  return { admin, desk: new Desk(admin), asked };
}

describe('the desk', () => {
  it('asks the oldest to be approved first and counts those who wait', async () => {
    const {
      desk: one,
      admin,
      asked,
    } = desk({
      users: { users: [user('a', { status: 'pending' }), user('b', { status: 'pending' })], total: 2 },
    });
    await one.approvals.load();
    expect(asked).toEqual(['users?status=pending&sort=created&order=ascending&limit=50']);
    expect(admin.pending).toBe(2);
    one.userIs('a', user('a'));
    expect(one.approvals.items.map(({ account }) => account)).toEqual(['b']);
    expect(admin.pending).toBe(1);
    one.userIs('b', null);
    expect(admin.pending).toBe(0);
  });

  it('shows what became of a user in every list', async () => {
    const { desk: one } = desk({ users: { users: [user('a'), user('b')], total: 2 } });
    await one.users.load();
    one.userIs('a', user('a', { status: 'banned' }));
    expect(one.users.items[0]?.status).toBe('banned');
    one.userIs('b', null);
    expect(one.users).toMatchObject({ items: [{ account: 'a' }], total: 1 });
  });

  it('looks whether anything waits, and takes what it can get', async () => {
    const { admin } = desk({ reports: { reports: [], open: 4, total: 9 } });
    await admin.look();
    expect(admin).toMatchObject({ pending: 0, reports: 4, waiting: 4 });
    admin.forget();
    expect(admin.waiting).toBe(0);
  });

  it('filters the audit log by whole days', async () => {
    const { desk: one, asked } = desk({ audit: { entries: [] } });
    void one.audit.change({ kind: 'banned', from: '2026-11-20', to: '2026-11-21' });
    await settled();
    const [, query] = asked[0]?.split('?') ?? [];
    expect(Object.fromEntries(new URLSearchParams(query))).toEqual({
      kind: 'banned',
      from: String(new Date(2026, 10, 20).getTime()),
      to: String(new Date(2026, 10, 22).getTime()),
      limit: '50',
    });
  });

  it('takes only days for days', () => {
    expect(dayStart('')).toBeNull();
    expect(dayStart('2026-1-1')).toBeNull();
    expect(dayStart('2026-02-28', 1)).toBe(new Date(2026, 2, 1).getTime());
  });
});
