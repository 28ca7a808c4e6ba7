import type { Failure, Me, ReplyFor } from '../engine/api';
import { failureOf, type EngineClient } from '../engine/client';
import type { Prefs } from './prefs.svelte';

type Engine = Pick<EngineClient, 'call'>;

/** Who is logged in on this device. */
export class Session {
  readonly #engine: Engine;
  readonly #prefs: Pick<Prefs, 'remembered'>;
  /** `unknown` until the engine has looked. */
  phase = $state<'unknown' | 'out' | 'in'>('unknown');
  me = $state.raw<Me | null>(null);
  /** Why the session ended by itself. */
  reason = $state<string | null>(null);
  server = $state.raw<ReplyFor<'serverInfo'> | null>(null);

  constructor(engine: Engine, prefs: Pick<Prefs, 'remembered'>) {
    this.#engine = engine;
    this.#prefs = prefs;
  }

  receive(me: Me | null, reason: string | null): void {
    this.me = me;
    this.reason = me ? null : reason;
    this.phase = me ? 'in' : 'out';
    this.#prefs.remembered = me !== null;
  }

  /** The engine does not run in this tab any more. */
  suspend(): void {
    this.phase = 'unknown';
    this.me = null;
  }

  /** Asks what the relay offers; without an answer everything stays on offer and the relay decides. */
  async askServer(): Promise<void> {
    try {
      this.server = await this.#engine.call({ type: 'serverInfo' });
    } catch {
      this.server = null;
    }
  }

  async logOut(): Promise<boolean> {
    return (await this.#engine.call({ type: 'logOut' })).told;
  }
}

/** What all multi-step forms share: one step at a time, one failure to show. */
abstract class Steps {
  busy = $state(false);
  failure = $state.raw<Failure | null>(null);

  /** Runs one step; returns whether it succeeded. A second submission while it runs does nothing. */
  protected async step(work: () => Promise<void>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.failure = null;
    try {
      await work();
      return true;
    } catch (thrown) {
      this.failure = failureOf(thrown);
      return false;
    } finally {
      this.busy = false;
    }
  }
}

/** Failures after which a login or registration has to begin again. */
const LOST_ATTEMPT = new Set(['attempt_expired', 'wrong_step']);

/** Logging in: the password, then the code. */
export class Login extends Steps {
  readonly #engine: Engine;
  stage = $state<'password' | 'code'>('password');

  constructor(engine: Engine) {
    super();
    this.#engine = engine;
  }

  async submitPassword(username: string, password: string): Promise<void> {
    await this.step(async () => {
      await this.#engine.call({ type: 'logIn', username, password, device: null });
      this.stage = 'code';
    });
  }

  /** The session notice that follows closes the form. */
  async submitCode(code: string): Promise<void> {
    const succeeded = await this.step(async () => {
      await this.#engine.call({ type: 'submitTotp', code: digitsOf(code), device: null });
    });
    if (!succeeded && this.failure && LOST_ATTEMPT.has(this.failure.code)) this.stage = 'password';
  }

  back(): void {
    this.stage = 'password';
    this.failure = null;
  }
}

/** Creating an account: details, authenticator, recovery key. */
export class Registration extends Steps {
  readonly #engine: Engine;
  stage = $state<'details' | 'authenticator' | 'recovery' | 'confirm'>('details');
  enrolment = $state.raw<ReplyFor<'register'> | null>(null);
  recoveryKey = $state<string | null>(null);
  #confirming = $state(false);
  /** The account may exist already, but its recovery key was not confirmed: the app has to wait. */
  readonly holding: boolean = $derived(
    this.#confirming || this.stage === 'recovery' || this.stage === 'confirm',
  );

  constructor(engine: Engine) {
    super();
    this.#engine = engine;
  }

  async submitDetails(
    username: string,
    password: string,
    displayName: string,
    setupToken: string | null,
  ): Promise<void> {
    await this.step(async () => {
      this.enrolment = await this.#engine.call({
        type: 'register',
        username,
        password,
        displayName,
        setupToken,
        invite: null,
      });
      this.stage = 'authenticator';
    });
  }

  async submitCode(code: string): Promise<void> {
    // The notice of the new session may come before the reply with the recovery key.
    this.#confirming = true;
    const succeeded = await this.step(async () => {
      const { recoveryKey } = await this.#engine.call({
        type: 'confirmTotp',
        code: digitsOf(code),
        device: null,
      });
      this.recoveryKey = recoveryKey;
      this.enrolment = null;
      this.stage = 'recovery';
    });
    this.#confirming = false;
    if (!succeeded && this.failure && LOST_ATTEMPT.has(this.failure.code)) this.back();
  }

  /** The person says that the key is kept. */
  keyKept(): void {
    this.stage = 'confirm';
    this.failure = null;
  }

  /** Looks at the key once more. */
  showKey(): void {
    this.stage = 'recovery';
    this.failure = null;
  }

  /** Compares what was typed with the key; whether it is the same. */
  confirmKey(typed: string): boolean {
    if (this.recoveryKey === null || !sameKey(typed, this.recoveryKey)) {
      this.failure = { code: 'recovery_mismatch', message: '' };
      return false;
    }
    this.recoveryKey = null;
    this.failure = null;
    this.stage = 'details';
    return true;
  }

  back(): void {
    this.stage = 'details';
    this.enrolment = null;
  }
}

/** The digits of a code, however it was grouped or written. */
export function digitsOf(code: string): string {
  return [...code.normalize('NFKC')].filter((char) => /\d/.test(char)).join('');
}

/** Compares recovery keys as people type them: case, blanks and dashes do not count, nor what Crockford's base32 reads alike. */
export function sameKey(typed: string, key: string): boolean {
  const bare = (text: string) =>
    text
      .normalize('NFKC')
      .toUpperCase()
      .replace(/[^A-Z0-9]/g, '')
      .replaceAll('O', '0')
      .replace(/[IL]/g, '1');
  return bare(typed) !== '' && bare(typed) === bare(key);
}
