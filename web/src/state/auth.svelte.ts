import type { RecoveredTotp, ReplyFor } from '../engine/api';
import type { EngineClient } from '../engine/client';
import { Steps, codeOf, digitsOf, sameKey } from './steps.svelte';

type Engine = Pick<EngineClient, 'call'>;
export type TotpEnrolment = ReplyFor<'register'>;

/** Logging in: the password, then the code, or a new authenticator when an administrator has taken the old one away. */
export class Login extends Steps {
  readonly #engine: Engine;
  readonly #device: string;
  stage = $state<'password' | 'code' | 'authenticator' | 'codes'>('password');
  /** The person has no authenticator at hand and types a recovery code. */
  byRecoveryCode = $state(false);
  enrolment = $state.raw<TotpEnrolment | null>(null);
  /** New recovery codes, shown once. */
  codes = $state.raw<readonly string[]>([]);
  #finishing = $state(false);
  /** The session may exist already, but there is something to keep first. */
  readonly holding: boolean = $derived(this.#finishing || this.stage === 'codes');

  constructor(engine: Engine, device: string) {
    super();
    this.#engine = engine;
    this.#device = device;
  }

  async submitPassword(username: string, password: string): Promise<void> {
    await this.step(async () => {
      const device = this.#device;
      const reply = await this.#engine.call({ type: 'logIn', username, password, device });
      if (reply.type === 'totpRequired') this.stage = 'code';
      if (reply.type === 'totpEnrolment') {
        this.enrolment = reply;
        this.stage = 'authenticator';
      }
    });
  }

  /** The session notice that follows closes the form, unless there are codes to keep. */
  async submitCode(code: string): Promise<void> {
    this.#finishing = this.stage === 'authenticator';
    const succeeded = await this.step(async () => {
      const call = { type: 'submitTotp', code: codeOf(code), device: this.#device } as const;
      const { recoveryCodes } = await this.#engine.call(call);
      if (recoveryCodes.length === 0) return;
      this.codes = recoveryCodes;
      this.enrolment = null;
      this.stage = 'codes';
    });
    this.#finishing = false;
    if (!succeeded && this.lost) this.#begin();
  }

  codesKept(): void {
    this.#begin();
  }

  /** The session has begun. */
  entered(): void {
    if (!this.holding) this.back();
  }

  back(): void {
    this.#begin();
    this.failure = null;
  }

  #begin(): void {
    this.stage = 'password';
    this.byRecoveryCode = false;
    this.enrolment = null;
    this.codes = [];
  }
}

/** What the first form of a registration collects. */
export interface AccountDetails {
  username: string;
  password: string;
  displayName: string;
  setupToken: string | null;
  /** The operator's invite code. */
  invite: string | null;
}

/** Creating an account: details, authenticator, recovery codes, recovery key. */
export class Registration extends Steps {
  readonly #engine: Engine;
  readonly #device: string;
  stage = $state<'details' | 'authenticator' | 'codes' | 'recovery' | 'confirm'>('details');
  enrolment = $state.raw<TotpEnrolment | null>(null);
  codes = $state.raw<readonly string[]>([]);
  recoveryKey = $state<string | null>(null);
  #confirming = $state(false);
  /** The account may exist already, but its recovery key was not confirmed: the app has to wait. */
  readonly holding: boolean = $derived(
    this.#confirming || this.stage === 'codes' || this.stage === 'recovery' || this.stage === 'confirm',
  );

  constructor(engine: Engine, device: string) {
    super();
    this.#engine = engine;
    this.#device = device;
  }

  async submitDetails(details: AccountDetails): Promise<void> {
    await this.step(async () => {
      this.enrolment = await this.#engine.call({ type: 'register', ...details });
      this.stage = 'authenticator';
    });
  }

  async submitCode(code: string): Promise<void> {
    await this.#finish(digitsOf(code));
  }

  /** Goes on without an authenticator, where the relay allows that. */
  async skipCode(): Promise<void> {
    await this.#finish(null);
  }

  async #finish(code: string | null): Promise<void> {
    // The notice of the new session may come before the reply with the recovery key.
    this.#confirming = true;
    const succeeded = await this.step(async () => {
      const call = { type: 'confirmTotp', code, device: this.#device } as const;
      const { recoveryKey, recoveryCodes } = await this.#engine.call(call);
      this.recoveryKey = recoveryKey;
      this.codes = recoveryCodes;
      this.enrolment = null;
      this.stage = recoveryCodes.length > 0 ? 'codes' : 'recovery';
    });
    this.#confirming = false;
    if (!succeeded && this.lost) this.back();
  }

  codesKept(): void {
    this.stage = 'recovery';
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
    this.codes = [];
    this.failure = null;
    this.stage = 'details';
    return true;
  }

  back(): void {
    this.stage = 'details';
    this.enrolment = null;
  }
}

/** The way back in with the recovery key, when the password is forgotten or the authenticator lost. */
export class Recovery extends Steps {
  readonly #engine: Engine;
  readonly #device: string;
  stage = $state<'details' | 'choice' | 'authenticator' | 'codes'>('details');
  enrolment = $state.raw<TotpEnrolment | null>(null);
  /** New recovery codes, shown once. */
  codes = $state.raw<readonly string[]>([]);
  #mayKeep = false;
  #finishing = $state(false);
  /** The session may exist already, but there is something to keep first. */
  readonly holding: boolean = $derived(this.#finishing || this.stage === 'codes');

  constructor(engine: Engine, device: string) {
    super();
    this.#engine = engine;
    this.#device = device;
  }

  async submit(username: string, recoveryKey: string, newPassword: string): Promise<boolean> {
    const device = this.#device;
    return this.step(async () => {
      const reply = await this.#engine.call({ type: 'recover', username, recoveryKey, newPassword, device });
      if (reply.type !== 'recovering') return;
      const { secret, uri, optional, totp } = reply;
      this.enrolment = { type: 'totpEnrolment', secret, uri, optional };
      this.#mayKeep = totp;
      this.stage = totp ? 'choice' : 'authenticator';
    });
  }

  /** The person has lost the authenticator. */
  another(): void {
    this.failure = null;
    this.stage = 'authenticator';
  }

  /** The first code of the other authenticator. */
  async submitCode(code: string): Promise<void> {
    await this.#finish('new', digitsOf(code));
  }

  async keep(): Promise<void> {
    await this.#finish('keep', null);
  }

  /** Goes on without an authenticator, where the relay allows that. */
  async without(): Promise<void> {
    await this.#finish('without', null);
  }

  /** The session notice that follows closes the form, unless there are codes to keep. */
  async #finish(totp: RecoveredTotp, code: string | null): Promise<void> {
    this.#finishing = totp === 'new';
    const succeeded = await this.step(async () => {
      const { recoveryCodes } = await this.#engine.call({ type: 'finishRecovery', totp, code });
      this.codes = recoveryCodes;
      this.enrolment = null;
      this.stage = recoveryCodes.length > 0 ? 'codes' : 'details';
    });
    this.#finishing = false;
    if (!succeeded && this.lost) this.#begin();
  }

  codesKept(): void {
    this.#begin();
  }

  /** One step back; whether there was one. */
  back(): boolean {
    this.failure = null;
    if (this.stage === 'authenticator' && this.#mayKeep) {
      this.stage = 'choice';
      return true;
    }
    const further = this.stage !== 'details';
    this.#begin();
    return further;
  }

  #begin(): void {
    this.stage = 'details';
    this.enrolment = null;
    this.codes = [];
  }
}
