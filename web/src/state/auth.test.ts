import { describe, expect, it } from 'vitest';
import { Login, Recovery, Registration } from './auth.svelte';
import { bareKey, codeOf, digitsOf, sameKey } from './steps.svelte';
import { ScriptedEngine } from './testing';

const DEVICE = 'Firefox, Linux';
const CODES = ['abcde-fgh23', 'qrstu-vwx45'];

describe('login', () => {
  it('asks for the password, then for the code', async () => {
    const engine = new ScriptedEngine();
    const login = new Login(engine, DEVICE);
    void login.submitPassword('mira', 'pw');
    expect(login.busy).toBe(true);
    void login.submitPassword('mira', 'pw');
    expect(engine.intents).toEqual([{ type: 'logIn', username: 'mira', password: 'pw', device: DEVICE }]);
    await engine.reply({ type: 'totpRequired' });
    expect(login.stage).toBe('code');
    void login.submitCode('123 456');
    expect(engine.intents[1]).toEqual({ type: 'submitTotp', code: '123456', device: DEVICE });
    await engine.fail('wrong_code');
    expect(login.stage).toBe('code');
    expect(login.failure?.code).toBe('wrong_code');
    void login.submitCode('654321');
    expect(login.failure).toBeNull();
    await engine.reply({ type: 'loggedIn', recoveryCodes: [], recoveryCodesLeft: 10 });
    expect(login.busy).toBe(false);
  });

  it('begins again when the attempt is lost, and says why', async () => {
    const engine = new ScriptedEngine();
    const login = new Login(engine, DEVICE);
    void login.submitPassword('mira', 'pw');
    await engine.reply({ type: 'totpRequired' });
    void login.submitCode('123456');
    await engine.fail('attempt_expired');
    expect(login.stage).toBe('password');
    expect(login.failure?.code).toBe('attempt_expired');
  });
});

describe('login without a usual code', () => {
  it('takes a recovery code as people write it', async () => {
    const engine = new ScriptedEngine();
    const login = new Login(engine, DEVICE);
    void login.submitPassword('mira', 'pw');
    await engine.reply({ type: 'totpRequired' });
    login.byRecoveryCode = true;
    void login.submitCode(' ABCDE FGH23 ');
    expect(engine.intents[1]).toEqual({ type: 'submitTotp', code: 'abcde-fgh23', device: DEVICE });
    login.back();
    expect(login.byRecoveryCode).toBe(false);
  });

  it('needs no code without an authenticator', async () => {
    const engine = new ScriptedEngine();
    const login = new Login(engine, DEVICE);
    void login.submitPassword('mira', 'pw');
    await engine.reply({ type: 'loggedIn', recoveryCodes: [], recoveryCodesLeft: 0 });
    expect(login.stage).toBe('password');
    expect(login.failure).toBeNull();
  });

  it('sets up a new authenticator after a reset, and holds until the new codes are kept', async () => {
    const engine = new ScriptedEngine();
    const login = new Login(engine, DEVICE);
    void login.submitPassword('mira', 'pw');
    await engine.reply({ type: 'totpEnrolment', secret: 'ABC', uri: 'otpauth://x', optional: false });
    expect(login.stage).toBe('authenticator');
    void login.submitCode('123456');
    // The session may be announced before the reply: the app has to wait for the codes.
    expect(login.holding).toBe(true);
    login.entered();
    expect(login.stage).toBe('authenticator');
    await engine.reply({ type: 'loggedIn', recoveryCodes: CODES, recoveryCodesLeft: 10 });
    expect(login.stage).toBe('codes');
    expect(login.codes).toEqual(CODES);
    expect(login.holding).toBe(true);
    login.codesKept();
    expect(login.holding).toBe(false);
    expect(login.codes).toEqual([]);
  });

  it('stays at the authenticator when its first code was wrong', async () => {
    const engine = new ScriptedEngine();
    const login = new Login(engine, DEVICE);
    void login.submitPassword('mira', 'pw');
    await engine.reply({ type: 'totpEnrolment', secret: 'ABC', uri: 'otpauth://x', optional: false });
    void login.submitCode('123456');
    await engine.fail('wrong_code');
    expect(login.stage).toBe('authenticator');
    expect(login.holding).toBe(false);
  });
});

describe('registration', () => {
  const details = {
    username: 'mira',
    password: 'long enough pw',
    displayName: 'Mira',
    setupToken: 'TOKEN',
    invite: null,
  };

  async function atRecovery(optional = false) {
    const engine = new ScriptedEngine();
    const registration = new Registration(engine, DEVICE);
    void registration.submitDetails(details);
    await engine.reply({ type: 'totpEnrolment', secret: 'ABC', uri: 'otpauth://x', optional });
    if (optional) void registration.skipCode();
    else void registration.submitCode('123456');
    return { engine, registration };
  }

  it('goes from details to the authenticator, the codes and the recovery key', async () => {
    const { engine, registration } = await atRecovery();
    expect(engine.intents[0]).toEqual({ type: 'register', ...details });
    expect(registration.stage).toBe('authenticator');
    // The session may be announced before the reply: the app has to wait for the key.
    expect(registration.holding).toBe(true);
    await engine.reply({ type: 'registered', recoveryKey: 'ABCD-EFGH', recoveryCodes: CODES });
    expect(registration.stage).toBe('codes');
    expect(registration.codes).toEqual(CODES);
    registration.codesKept();
    expect(registration.stage).toBe('recovery');
    expect(registration.recoveryKey).toBe('ABCD-EFGH');
    expect(registration.enrolment).toBeNull();
  });

  it('lets go only when the key was typed again', async () => {
    const { engine, registration } = await atRecovery();
    await engine.reply({ type: 'registered', recoveryKey: 'ABCD-EFGH', recoveryCodes: [] });
    registration.keyKept();
    expect(registration.confirmKey('ABCD')).toBe(false);
    expect(registration.failure?.code).toBe('recovery_mismatch');
    expect(registration.holding).toBe(true);
    expect(registration.confirmKey(' abcd efgh ')).toBe(true);
    expect(registration.holding).toBe(false);
    expect(registration.recoveryKey).toBeNull();
  });

  it('goes on without an authenticator where that is allowed', async () => {
    const { engine, registration } = await atRecovery(true);
    expect(engine.intents[1]).toEqual({ type: 'confirmTotp', code: null, device: DEVICE });
    await engine.reply({ type: 'registered', recoveryKey: 'ABCD-EFGH', recoveryCodes: [] });
    expect(registration.stage).toBe('recovery');
  });

  it('stays at the code when it was wrong', async () => {
    const { engine, registration } = await atRecovery();
    await engine.fail('wrong_code');
    expect(registration.stage).toBe('authenticator');
    expect(registration.holding).toBe(false);
  });
});

it('recovers with a key and a new password', async () => {
  const engine = new ScriptedEngine();
  const recovery = new Recovery(engine, DEVICE);
  const done = recovery.submit('mira', 'KEY', 'new pw');
  expect(engine.intents[0]).toEqual({
    type: 'recover',
    username: 'mira',
    recoveryKey: 'KEY',
    newPassword: 'new pw',
    device: DEVICE,
  });
  await engine.fail('wrong_recovery_key');
  expect(await done).toBe(false);
  expect(recovery.failure?.code).toBe('wrong_recovery_key');
});

describe('the authenticator in a recovery', () => {
  const asked = { type: 'recovering', totp: true, secret: 'JBSW', uri: 'otpauth://totp/x', optional: false };

  async function recovering(over: Partial<typeof asked> = {}) {
    const engine = new ScriptedEngine();
    const recovery = new Recovery(engine, DEVICE);
    void recovery.submit('mira', 'KEY', 'new pw');
    await engine.reply({ ...asked, ...over });
    return { engine, recovery };
  }

  it('is kept', async () => {
    const { engine, recovery } = await recovering();
    expect(recovery.stage).toBe('choice');
    void recovery.keep();
    expect(engine.intents[1]).toEqual({ type: 'finishRecovery', totp: 'keep', code: null });
    expect(recovery.holding).toBe(false);
    await engine.reply({ type: 'loggedIn', recoveryCodes: [], recoveryCodesLeft: 10 });
    expect(recovery.stage).toBe('details');
  });

  it('is replaced, and the new codes are shown before anything else', async () => {
    const { engine, recovery } = await recovering();
    recovery.another();
    void recovery.submitCode('123 456');
    expect(engine.intents[1]).toEqual({ type: 'finishRecovery', totp: 'new', code: '123456' });
    expect(recovery.holding).toBe(true);
    await engine.fail('wrong_code');
    expect(recovery.stage).toBe('authenticator');
    void recovery.submitCode('654321');
    await engine.reply({ type: 'loggedIn', recoveryCodes: CODES, recoveryCodesLeft: 10 });
    expect([recovery.stage, recovery.holding]).toEqual(['codes', true]);
    recovery.codesKept();
    expect([recovery.stage, recovery.holding, recovery.codes]).toEqual(['details', false, []]);
  });

  it('is set up where there is none', async () => {
    const { engine, recovery } = await recovering({ totp: false });
    expect(recovery.stage).toBe('authenticator');
    void recovery.submitCode('123456');
    await engine.fail('attempt_expired');
    expect(recovery.stage).toBe('details');
    expect(recovery.failure?.code).toBe('attempt_expired');
  });

  it('goes one step back at a time', async () => {
    const { recovery } = await recovering();
    recovery.another();
    expect([recovery.back(), recovery.stage]).toEqual([true, 'choice']);
    expect([recovery.back(), recovery.stage]).toEqual([true, 'details']);
    expect(recovery.back()).toBe(false);
  });
});

it('reads codes however they are written', () => {
  expect(digitsOf(' 12-34 56')).toBe('123456');
  expect(digitsOf('１２３４５６')).toBe('123456');
  expect(codeOf('123 456')).toBe('123456');
  expect(codeOf('ABCDEFGH23')).toBe('abcde-fgh23');
  expect(codeOf('abcde-fgh23')).toBe('abcde-fgh23');
  expect(codeOf('abc')).toBe('abc');
});

it('compares keys as people type them', () => {
  expect(sameKey('abcd efgh', 'ABCD-EFGH')).toBe(true);
  expect(sameKey('oIl8', '0118')).toBe(true);
  expect(sameKey('U', 'v')).toBe(true);
  expect(bareKey('ab-cd 1l')).toBe('ABCD11');
  expect(sameKey('8', 'B')).toBe(false);
  expect(sameKey('', '')).toBe(false);
  expect(sameKey('ABCD', 'ABCE')).toBe(false);
});
