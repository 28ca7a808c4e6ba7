import { describe, expect, it } from 'vitest';
import type { SessionEntry } from '../engine/api';
import { AccountTask, Devices, OTHERS, type TaskName } from './account.svelte';
import { Announcements } from './announcements.svelte';
import { deviceLabel, isHandheld } from './device';
import { Prefs } from './prefs.svelte';
import { ScriptedEngine, memoryStorage } from './testing';

const PROOF = { password: 'pw', code: '123 456', newPassword: 'new pw' };

function begun(name: TaskName, proof = PROOF) {
  const engine = new ScriptedEngine();
  const task = new AccountTask(engine, name);
  void task.submit(proof);
  return { engine, task };
}

describe('a change of the account', () => {
  it.each<[TaskName, object]>([
    ['password', { type: 'changePassword', password: 'pw', newPassword: 'new pw', code: '123456' }],
    ['rotate', { type: 'rotate', password: 'pw', newPassword: 'new pw', code: '123456' }],
    ['authenticator', { type: 'startNewTotp', password: 'pw', code: '123456' }],
    ['removeAuthenticator', { type: 'removeTotp', password: 'pw', code: '123456' }],
    ['codes', { type: 'newRecoveryCodes', password: 'pw', code: '123456' }],
    ['recoveryKey', { type: 'newRecoveryKey', password: 'pw', code: '123456' }],
    ['delete', { type: 'deleteAccount', password: 'pw', code: '123456' }],
  ])('%s asks the engine for it', (name, intent) => {
    expect(begun(name).engine.intents).toEqual([intent]);
  });

  it('sends no code for an account without authenticator', () => {
    const { engine } = begun('codes', { ...PROOF, code: '' });
    expect(engine.intents[0]).toMatchObject({ code: null });
  });

  it('holds the new recovery key until it is kept', async () => {
    const { engine, task } = begun('password');
    await engine.reply({ type: 'rotated', recoveryKey: 'KEY' });
    expect(task.stage).toBe('key');
    expect(task.recoveryKey).toBe('KEY');
    expect(task.holding).toBe(true);
    task.kept();
    expect(task.stage).toBe('done');
    expect(task.recoveryKey).toBeNull();
    expect(task.holding).toBe(false);
  });

  it('goes from a new authenticator to new codes', async () => {
    const { engine, task } = begun('authenticator');
    await engine.reply({ type: 'totpEnrolment', secret: 'ABC', uri: 'otpauth://x', optional: false });
    expect(task.stage).toBe('authenticator');
    void task.submitCode('654 321');
    expect(engine.intents[1]).toEqual({ type: 'finishNewTotp', code: '654321' });
    await engine.fail('wrong_code');
    expect(task.stage).toBe('authenticator');
    void task.submitCode('111111');
    await engine.reply({ type: 'recoveryCodes', codes: ['a-b'] });
    expect(task.stage).toBe('codes');
    expect(task.holding).toBe(true);
  });

  it('begins again when the attempt is lost', async () => {
    const { engine, task } = begun('authenticator');
    await engine.reply({ type: 'totpEnrolment', secret: 'ABC', uri: 'otpauth://x', optional: false });
    void task.submitCode('654321');
    await engine.fail('attempt_expired');
    expect(task.stage).toBe('ask');
    expect(task.failure?.code).toBe('attempt_expired');
  });

  it('stays where it was when it is refused', async () => {
    const { engine, task } = begun('delete');
    await engine.fail('wrong_credentials');
    expect(task.stage).toBe('ask');
    expect(task.failure?.code).toBe('wrong_credentials');
  });
});

describe('devices', () => {
  const session = (id: string, over: Partial<SessionEntry> = {}): SessionEntry => ({
    id,
    device: id,
    createdAt: 1,
    lastUsedAt: 1,
    current: false,
    live: false,
    ...over,
  });

  it('shows this one first, and asks again after one was ended', async () => {
    const engine = new ScriptedEngine();
    const devices = new Devices(engine);
    void devices.load();
    const sessions = [session('old', { lastUsedAt: 1 }), session('new', { lastUsedAt: 5 })];
    await engine.reply({ type: 'sessions', sessions: [...sessions, session('this', { current: true })] });
    expect(devices.sorted.map(({ id }) => id)).toEqual(['this', 'new', 'old']);
    expect(devices.others).toBe(2);
    const ended = devices.end('old');
    expect(devices.ending).toBe('old');
    void devices.endOthers();
    expect(engine.intents.at(-1)).toEqual({ type: 'endSession', id: 'old' });
    await engine.reply({ type: 'done' });
    await engine.reply({ type: 'sessions', sessions: [session('this', { current: true })] });
    await ended;
    expect(devices.ending).toBeNull();
    expect(devices.others).toBe(0);
  });

  it('throws what could not be done and lets it be tried again', async () => {
    const engine = new ScriptedEngine();
    const devices = new Devices(engine);
    const ended = devices.endOthers();
    expect(devices.ending).toBe(OTHERS);
    const failed = expect(ended).rejects.toMatchObject({ code: 'offline' });
    await engine.fail('offline');
    await failed;
    expect(devices.ending).toBeNull();
  });

  it('are called by browser and system', () => {
    const label = deviceLabel('Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0');
    expect(label).toBe('Firefox, Linux');
    expect(isHandheld(label)).toBe(false);
    const phone = deviceLabel(
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1',
    );
    expect(phone).toBe('Safari, iPhone');
    expect(isHandheld(phone)).toBe(true);
    expect(
      deviceLabel('Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/141.0.0.0 Safari/537.36 Edg/141.0'),
    ).toBe('Edge, Windows');
    expect(deviceLabel('Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/141.0.0.0 Safari/537.36')).toBe(
      'Chrome, Linux',
    );
    expect(deviceLabel('curl/8.0')).toBe('Browser');
  });
});

describe('announcements', () => {
  const one = (id: string, at: number, level: 'info' | 'warning' = 'info') => ({ id, at, level, text: id });

  it('show warnings first, then the newest, and forget what was withdrawn', () => {
    const storage = memoryStorage();
    const announcements = new Announcements(new Prefs(storage));
    announcements.receive([one('a', 1), one('b', 2), one('w', 0, 'warning')]);
    expect(announcements.shown.map(({ id }) => id)).toEqual(['w', 'b', 'a']);
    announcements.dismiss('w');
    announcements.dismiss('b');
    expect(announcements.shown.map(({ id }) => id)).toEqual(['a']);
    // What is put away can be read again.
    expect(announcements.all.map(({ id }) => id)).toEqual(['b', 'a', 'w']);
    // A reload remembers it.
    const later = new Announcements(new Prefs(storage));
    later.receive([one('a', 1), one('b', 2)]);
    expect(later.shown.map(({ id }) => id)).toEqual(['a']);
    later.dismiss('a');
    expect(storage.map.get('waxwing.dismissed')).toBe('b a');
  });
});
