import { describe, expect, it } from 'vitest';
import { CallFailure } from '../engine/client';
import { AdminSettings } from './admin-settings.svelte';
import type { Settings } from './admin-types';

const setting = <T>(value: T, standard = value) => ({ value, default: standard, set: value !== standard });

const SAVED: Settings = {
  name: setting('Harbour', 'Waxwing'),
  registration: setting('approval'),
  guests: setting(true),
  totp: setting('required'),
  sessions: setting('single'),
  messages_per_second: setting(20),
  session_idle_hours: setting(720),
  session_hours: setting(2160),
};

async function loaded(answer: () => Promise<Settings> = () => Promise.resolve(SAVED)) {
  const posted: object[] = [];
  const settings = new AdminSettings({
    get: <T>() => Promise.resolve(SAVED as T),
    post: <T>(_: string, body?: object) => {
      posted.push(body ?? {});
      return answer() as Promise<T>;
    },
  });
  await settings.load();
  return { settings, posted };
}

describe('settings', () => {
  it('send what is changed and nothing else', async () => {
    const { settings, posted } = await loaded();
    settings.change('registration', 'invite');
    settings.change('totp', 'optional');
    settings.change('totp', 'required');
    expect(settings.count).toBe(1);
    expect(await settings.save()).toBe(true);
    expect(posted).toEqual([{ registration: 'invite' }]);
    expect(settings.count).toBe(0);
  });

  it('go back to what the relay was started with', async () => {
    const { settings, posted } = await loaded();
    settings.change('name', null);
    expect(settings.value('name')).toBe('Waxwing');
    settings.change('totp', null);
    expect(settings.count).toBe(1);
    await settings.save();
    expect(posted).toEqual([{ name: null }]);
  });

  it('keep the changes when the relay refuses them', async () => {
    const refuse = () => Promise.reject(new CallFailure({ code: 'invalid', message: 'no' }));
    const { settings } = await loaded(refuse);
    settings.change('name', 'Port');
    expect(await settings.save()).toBe(false);
    expect(settings).toMatchObject({ count: 1, failure: { code: 'invalid' }, busy: false });
    settings.discard();
    expect(settings).toMatchObject({ count: 0, failure: null });
    expect(settings.value('name')).toBe('Harbour');
  });

  it.each([
    ['name', '  ', 'tooLong'],
    ['name', 'x'.repeat(81), 'tooLong'],
    ['messages_per_second', 0, 'range'],
    ['messages_per_second', 1.5, 'range'],
    ['session_hours', Number.NaN, 'range'],
    ['session_idle_hours', 2161, 'idleTooLong'],
  ] as const)('%s does not become %s', async (name, value, error) => {
    const { settings, posted } = await loaded();
    settings.change(name, value);
    expect(settings.errors).toEqual({ [name]: error });
    expect(await settings.save()).toBe(false);
    expect(posted).toEqual([]);
  });

  it('measure the idle time at the limit that is being changed', async () => {
    const { settings } = await loaded();
    settings.change('session_hours', 100);
    expect(settings.errors).toEqual({ session_idle_hours: 'idleTooLong' });
    settings.change('session_idle_hours', 100);
    expect(settings.errors).toEqual({});
  });
});
