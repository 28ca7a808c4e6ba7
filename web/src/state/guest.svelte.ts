import type { EngineClient } from '../engine/client';
import { Steps } from './steps.svelte';

type Engine = Pick<EngineClient, 'call'>;

/** Where a guest wants to go: by the link that was opened, by a room's name and password, or back with a code. */
export type GuestWay = 'password' | 'code';

/** Coming as a guest, who needs no account. */
export class Guest extends Steps {
  readonly #engine: Engine;
  readonly #device: string;
  #busy = $state(false);
  /** The guest exists, and its way into a room was not right yet. */
  #made = $state(false);
  /** The session may exist already, but the room is still to be joined. */
  readonly holding: boolean = $derived(this.#busy || this.#made);
  /** Whether another try makes no second guest. */
  readonly made: boolean = $derived(this.#made);

  constructor(engine: Engine, device: string) {
    super();
    this.#engine = engine;
    this.#device = device;
  }

  /** Comes with a name. What the link leads to is looked at next. */
  async come(displayName: string): Promise<boolean> {
    return this.#step(() => this.#come(displayName));
  }

  /** Comes with a name into the room with this name and password; answers the room. */
  async comeTo(displayName: string, name: string, password: string): Promise<string | null> {
    let room: string | null = null;
    await this.#step(async () => {
      if (!this.#made) await this.#come(displayName);
      this.#made = true;
      ({ room } = await this.#engine.call({ type: 'joinByPassword', name, password }));
      this.#made = false;
    });
    return room;
  }

  /** Comes back with the code. */
  async comeBack(code: string): Promise<boolean> {
    return this.#step(async () => {
      await this.#engine.call({ type: 'returnAsGuest', code, device: this.#device });
    });
  }

  /** Goes on without the room. */
  leave(): void {
    this.#made = false;
  }

  async #come(displayName: string): Promise<void> {
    await this.#engine.call({ type: 'comeAsGuest', displayName, device: this.#device });
  }

  async #step(act: () => Promise<void>): Promise<boolean> {
    this.#busy = true;
    try {
      return await this.step(act);
    } finally {
      this.#busy = false;
    }
  }
}
