import { SvelteMap } from 'svelte/reactivity';
import type { Item } from '../engine/api';
import type { EngineClient } from '../engine/client';

/** The pinned messages of rooms that were opened, the newest first. */
export class Pins {
  readonly #engine: Pick<EngineClient, 'call'>;
  readonly #pins = new SvelteMap<string, readonly Item[]>();

  constructor(engine: Pick<EngineClient, 'call'>) {
    this.#engine = engine;
  }

  of(room: string): readonly Item[] {
    return this.#pins.get(room) ?? [];
  }

  /** Asks which messages of a room are pinned. */
  async visit(room: string): Promise<void> {
    try {
      const { items } = await this.#engine.call({ type: 'pinned', room });
      this.#pins.set(room, newestFirst(items.filter((item) => item.pinned)));
    } catch {
      // The bar stays away; the messages themselves say that they are pinned.
    }
  }

  /** New or changed items. */
  receive(room: string, items: readonly Item[]): void {
    const before = this.#pins.get(room);
    if (!before) return;
    const changed = items.filter((item) => item.pinned || before.some((pin) => pin.key === item.key));
    if (changed.length === 0) return;
    const keys = new Set(changed.map((item) => item.key));
    const kept = before.filter((pin) => !keys.has(pin.key));
    this.#pins.set(room, newestFirst([...kept, ...changed.filter((item) => item.pinned)]));
  }

  gone(room: string, key: string): void {
    const before = this.#pins.get(room);
    if (before?.some((pin) => pin.key === key))
      this.#pins.set(
        room,
        before.filter((pin) => pin.key !== key),
      );
  }

  roomGone(room: string): void {
    this.#pins.delete(room);
  }

  clear(): void {
    this.#pins.clear();
  }
}

function newestFirst(items: readonly Item[]): readonly Item[] {
  return items.toSorted((a, b) => (b.seq ?? 0) - (a.seq ?? 0));
}
