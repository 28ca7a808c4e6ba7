import { describe, expect, it } from 'vitest';
import { Router, admissionFrom, hashOf, inviteFrom, parseHash } from './route.svelte';
import { fakeWindow } from './testing';

const MORE = [
  '#/recover',
  '#/settings',
  '#/settings/devices',
  '#/admin',
  '#/admin/audit',
  '#/admin/users/a1',
];

describe('addresses', () => {
  it.each([
    ['', { page: 'home' }],
    ['#/', { page: 'home' }],
    ['#/login', { page: 'login' }],
    ['#/register', { page: 'register' }],
    ['#/room/abc_-1', { page: 'room', room: 'abc_-1' }],
    ['#/room/', { page: 'home' }],
    ['#/room/<script>', { page: 'home' }],
    ['#/nonsense/x', { page: 'home' }],
    ['#/recover', { page: 'recover' }],
    ['#/settings', { page: 'settings', section: null }],
    ['#/settings/devices', { page: 'settings', section: 'devices' }],
    ['#/admin/users/abc_-1', { page: 'admin', section: 'users', item: 'abc_-1' }],
    ['#/admin/<b>', { page: 'admin', section: null, item: null }],
    ['#/invite/CODE', { page: 'register' }],
    ['#/contact/LINK~mira', { page: 'contact' }],
  ])('%s', (hash, route) => {
    expect(parseHash(hash).route).toEqual(route);
  });

  it('takes the secrets of links', () => {
    expect(parseHash('#/setup/TOKEN')).toEqual({ route: { page: 'setup' }, secrets: { setup: 'TOKEN' } });
    expect(parseHash('#/join/INV-1_x')).toEqual({ route: { page: 'join' }, secrets: { invite: 'INV-1_x' } });
    expect(parseHash('#/contact/LINK~mira.k').secrets).toEqual({ contact: 'LINK~mira.k' });
    expect(parseHash('#/contact/<b>').secrets).toEqual({});
    expect(parseHash('#/join').secrets).toEqual({});
    expect(parseHash('#/invite/CODE').secrets).toEqual({ admission: 'CODE' });
    expect(parseHash(`#/join/${'x'.repeat(5000)}`).secrets).toEqual({});
  });

  it('comes back to the same route', () => {
    for (const hash of ['#/', '#/login', '#/register', '#/setup', '#/join', '#/room/r1', ...MORE]) {
      expect(hashOf(parseHash(hash).route)).toBe(hash);
    }
  });

  it('finds an invite in a link or takes it alone', () => {
    expect(inviteFrom(' https://a.example/#/join/INV ')).toBe('INV');
    expect(inviteFrom('INV')).toBe('INV');
    expect(inviteFrom('https://a.example/')).toBeNull();
    expect(inviteFrom('')).toBeNull();
    expect(inviteFrom('two words')).toBeNull();
    expect(admissionFrom('https://a.example/#/invite/CODE')).toBe('CODE');
    expect(admissionFrom('CODE')).toBe('CODE');
  });
});

describe('router', () => {
  it('takes a secret out of the address at once and keeps it for this tab', () => {
    const window = fakeWindow('#/join/SECRET');
    const router = new Router(window);
    expect(router.invite).toBe('SECRET');
    expect(window.location.hash).toBe('#/join');
    expect(new Router(window).invite).toBe('SECRET');
    router.keep('invite', null);
    expect(new Router(window).invite).toBeNull();
    expect(window.sessionStorage.map.size).toBe(0);
  });

  it('follows the address bar', () => {
    const window = fakeWindow();
    const router = new Router(window);
    window.visit('#/room/r1');
    expect(router.route).toEqual({ page: 'room', room: 'r1' });
    window.visit('#/setup/T2');
    expect(router.setup).toBe('T2');
    expect(window.location.hash).toBe('#/setup');
  });
});
