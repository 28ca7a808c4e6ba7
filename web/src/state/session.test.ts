import { describe, expect, it } from 'vitest';
import { Login, Registration, digitsOf, sameKey } from './session.svelte';
import { ScriptedEngine } from './testing';

describe('login', () => {
  it('asks for the password, then for the code', async () => {
    const engine = new ScriptedEngine();
    const login = new Login(engine);
    void login.submitPassword('mira', 'pw');
    expect(login.busy).toBe(true);
    void login.submitPassword('mira', 'pw');
    expect(engine.intents).toEqual([{ type: 'logIn', username: 'mira', password: 'pw', device: null }]);
    await engine.reply({ type: 'totpRequired' });
    expect(login.stage).toBe('code');
    void login.submitCode('123 456');
    expect(engine.intents[1]).toEqual({ type: 'submitTotp', code: '123456', device: null });
    await engine.fail('wrong_code');
    expect(login.stage).toBe('code');
    expect(login.failure?.code).toBe('wrong_code');
    void login.submitCode('654321');
    expect(login.failure).toBeNull();
    await engine.reply({ type: 'done' });
    expect(login.busy).toBe(false);
  });

  it('begins again when the attempt is lost, and says why', async () => {
    const engine = new ScriptedEngine();
    const login = new Login(engine);
    void login.submitPassword('mira', 'pw');
    await engine.reply({ type: 'totpRequired' });
    void login.submitCode('123456');
    await engine.fail('attempt_expired');
    expect(login.stage).toBe('password');
    expect(login.failure?.code).toBe('attempt_expired');
  });
});

describe('registration', () => {
  async function atRecovery() {
    const engine = new ScriptedEngine();
    const registration = new Registration(engine);
    void registration.submitDetails('mira', 'long enough pw', 'Mira', 'TOKEN');
    await engine.reply({ type: 'totpEnrolment', secret: 'ABC', uri: 'otpauth://x' });
    void registration.submitCode('123456');
    return { engine, registration };
  }

  it('goes from details to the authenticator to the recovery key', async () => {
    const { engine, registration } = await atRecovery();
    expect(engine.intents[0]).toEqual({
      type: 'register',
      username: 'mira',
      password: 'long enough pw',
      displayName: 'Mira',
      setupToken: 'TOKEN',
      invite: null,
    });
    expect(registration.stage).toBe('authenticator');
    // The session may be announced before the reply: the app has to wait for the key.
    expect(registration.holding).toBe(true);
    await engine.reply({ type: 'registered', recoveryKey: 'ABCD-EFGH' });
    expect(registration.stage).toBe('recovery');
    expect(registration.recoveryKey).toBe('ABCD-EFGH');
    expect(registration.enrolment).toBeNull();
  });

  it('lets go only when the key was typed again', async () => {
    const { engine, registration } = await atRecovery();
    await engine.reply({ type: 'registered', recoveryKey: 'ABCD-EFGH' });
    registration.keyKept();
    expect(registration.confirmKey('ABCD')).toBe(false);
    expect(registration.failure?.code).toBe('recovery_mismatch');
    expect(registration.holding).toBe(true);
    expect(registration.confirmKey(' abcd efgh ')).toBe(true);
    expect(registration.holding).toBe(false);
    expect(registration.recoveryKey).toBeNull();
  });

  it('stays at the code when it was wrong', async () => {
    const { engine, registration } = await atRecovery();
    await engine.fail('wrong_code');
    expect(registration.stage).toBe('authenticator');
    expect(registration.holding).toBe(false);
  });
});

it('reads codes however they are written', () => {
  expect(digitsOf(' 12-34 56')).toBe('123456');
  expect(digitsOf('１２３４５６')).toBe('123456');
});

it('compares keys as people type them', () => {
  expect(sameKey('abcd efgh', 'ABCD-EFGH')).toBe(true);
  expect(sameKey('oIl8', '0118')).toBe(true);
  expect(sameKey('8', 'B')).toBe(false);
  expect(sameKey('', '')).toBe(false);
  expect(sameKey('ABCD', 'ABCE')).toBe(false);
});
