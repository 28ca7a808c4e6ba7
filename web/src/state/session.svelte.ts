import type { Me, ReplyFor } from '../engine/api';
import type { EngineClient } from '../engine/client';
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
