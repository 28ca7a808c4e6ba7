import type { Failure, SessionEntry } from '../engine/api';
import { failureOf, type EngineClient } from '../engine/client';
import type { TotpEnrolment } from './auth.svelte';
import { Steps, codeOf, digitsOf } from './steps.svelte';

type Engine = Pick<EngineClient, 'call'>;

/** What changes the account and therefore asks for the password and a code once more. */
export type TaskName =
  'password' | 'authenticator' | 'removeAuthenticator' | 'codes' | 'recoveryKey' | 'rotate' | 'delete';

/** What the person types to show that it is them. */
export interface Proof {
  password: string;
  /** Empty for an account without authenticator. */
  code: string;
  /** For those tasks that set one. */
  newPassword: string;
}

/** One change of the account, from the question who asks to what has to be kept. */
export class AccountTask extends Steps {
  readonly #engine: Engine;
  readonly name: TaskName;
  stage = $state<'ask' | 'authenticator' | 'codes' | 'key' | 'done'>('ask');
  enrolment = $state.raw<TotpEnrolment | null>(null);
  codes = $state.raw<readonly string[]>([]);
  recoveryKey = $state<string | null>(null);
  /** Something is shown that is never shown again. */
  readonly holding: boolean = $derived(this.stage === 'codes' || this.stage === 'key');

  constructor(engine: Engine, name: TaskName) {
    super();
    this.#engine = engine;
    this.name = name;
  }

  /** Whether the task sets a new password. */
  get setsPassword(): boolean {
    return this.name === 'password' || this.name === 'rotate';
  }

  async submit(proof: Proof): Promise<void> {
    await this.step(() => this.#begin(proof));
  }

  /** The first code of a new authenticator. */
  async submitCode(code: string): Promise<void> {
    const succeeded = await this.step(async () => {
      const { codes } = await this.#engine.call({ type: 'finishNewTotp', code: digitsOf(code) });
      this.enrolment = null;
      this.#show(codes);
    });
    if (!succeeded && this.lost) {
      this.enrolment = null;
      this.stage = 'ask';
    }
  }

  /** What was shown is kept. */
  kept(): void {
    this.codes = [];
    this.recoveryKey = null;
    this.stage = 'done';
  }

  async #begin({ password, code: typed, newPassword }: Proof): Promise<void> {
    const call: Engine['call'] = (intent) => this.#engine.call(intent);
    const code = typed.trim() === '' ? null : codeOf(typed);
    switch (this.name) {
      case 'password':
        return this.#keep((await call({ type: 'changePassword', password, newPassword, code })).recoveryKey);
      case 'rotate':
        return this.#keep((await call({ type: 'rotate', password, newPassword, code })).recoveryKey);
      case 'recoveryKey':
        return this.#keep((await call({ type: 'newRecoveryKey', password, code })).recoveryKey);
      case 'codes':
        return this.#show((await call({ type: 'newRecoveryCodes', password, code })).codes);
      case 'authenticator':
        this.enrolment = await call({ type: 'startNewTotp', password, code });
        this.stage = 'authenticator';
        return;
      case 'removeAuthenticator':
        await call({ type: 'removeTotp', password, code });
        this.stage = 'done';
        return;
      case 'delete':
        await call({ type: 'deleteAccount', password, code });
        this.stage = 'done';
    }
  }

  #keep(recoveryKey: string): void {
    this.recoveryKey = recoveryKey;
    this.stage = 'key';
  }

  #show(codes: readonly string[]): void {
    this.codes = codes;
    this.stage = 'codes';
  }
}

/** The sessions of the account: where it is logged in. */
export class Devices {
  readonly #engine: Engine;
  list = $state.raw<readonly SessionEntry[]>([]);
  status = $state<'loading' | 'ready' | 'failed'>('loading');
  failure = $state.raw<Failure | null>(null);
  /** What is being ended: one session, or all others. */
  ending = $state<string | null>(null);

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** This device first, then what was used last. */
  readonly sorted: readonly SessionEntry[] = $derived(
    [...this.list].sort((a, b) => Number(b.current) - Number(a.current) || b.lastUsedAt - a.lastUsedAt),
  );
  readonly others: number = $derived(this.list.filter((session) => !session.current).length);

  async load(): Promise<void> {
    try {
      this.list = (await this.#engine.call({ type: 'sessions' })).sessions;
      this.status = 'ready';
    } catch (thrown) {
      this.failure = failureOf(thrown);
      this.status = 'failed';
    }
  }

  /** Ends a session and shows what is left; a failure is thrown. */
  async end(id: string): Promise<void> {
    await this.#ending(id, () => this.#engine.call({ type: 'endSession', id }));
  }

  async endOthers(): Promise<void> {
    await this.#ending(OTHERS, () => this.#engine.call({ type: 'endOtherSessions' }));
  }

  async #ending(what: string, work: () => Promise<unknown>): Promise<void> {
    if (this.ending !== null) return;
    this.ending = what;
    try {
      await work();
      await this.load();
    } finally {
      this.ending = null;
    }
  }
}

/** What `ending` says while all other sessions are ended. */
export const OTHERS = 'others';

/** Taking the account's one live place back from another browser. */
export class TakeOver extends Steps {
  readonly #engine: Engine;
  /** Asked for, and not connected yet: right after somebody else came, the relay makes one wait a few seconds. */
  pending = $state(false);

  constructor(engine: Engine) {
    super();
    this.#engine = engine;
  }

  async submit(): Promise<void> {
    if (this.busy) return;
    // Before the call: the connection may be there sooner than the answer.
    this.pending = true;
    const asked = await this.step(async () => {
      await this.#engine.call({ type: 'takeOver' });
    });
    if (!asked) this.pending = false;
  }

  /** It came about, or there is nothing to take over any more. */
  settled(): void {
    this.pending = false;
    this.failure = null;
  }
}
