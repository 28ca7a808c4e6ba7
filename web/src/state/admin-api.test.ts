import { describe, expect, it } from 'vitest';
import { AdminApi } from './admin-api';

/** The API over a fetch that answers one thing and tells what it was asked. */
function answering(status: number, body: string) {
  const asked: { path: string; init: RequestInit }[] = [];
  const api = new AdminApi((path, init) => {
    asked.push({ path: String(path), init: init ?? {} });
    return Promise.resolve(new Response(body, { status }));
  });
  return { api, asked };
}

describe('administration calls', () => {
  it('carry the header that no other page can set, and leave out what is not asked', async () => {
    const { api, asked } = answering(200, '{"users":[]}');
    await expect(api.get('users', { query: 'a b&c', status: '', after: null, limit: 50 })).resolves.toEqual({
      users: [],
    });
    expect(asked[0]?.path).toBe('/api/v1/admin/users?query=a+b%26c&limit=50');
    expect(asked[0]?.init).toMatchObject({ method: 'GET', body: null, headers: { 'Waxwing-Client': '1' } });
    expect(asked[0]?.init.headers).not.toHaveProperty('Content-Type');
  });

  it('send JSON', async () => {
    const { api, asked } = answering(200, '');
    await expect(api.post('users/a/ban', { reason: 'spam' })).resolves.toEqual({});
    expect(asked[0]?.init).toMatchObject({
      method: 'POST',
      body: '{"reason":"spam"}',
      headers: { 'Content-Type': 'application/json' },
    });
  });

  it.each([
    [409, '{"code":"last_administrator","detail":"no"}', { code: 'last_administrator', message: 'no' }],
    [429, '{"code":"rate_limited","detail":"","retry_after_s":7}', { code: 'rate_limited', retryAfterS: 7 }],
    [502, '<html>Bad gateway</html>', { code: 'unavailable' }],
    [200, '<html>A proxy greets you</html>', { code: 'unavailable' }],
  ])('%i %s is a failure', async (status, body, failure) => {
    await expect(answering(status, body).api.get('users')).rejects.toMatchObject(failure);
  });

  it('without an answer are offline', async () => {
    const api = new AdminApi(() => Promise.reject(new TypeError('no network')));
    await expect(api.get('users')).rejects.toMatchObject({ code: 'offline' });
  });
});
