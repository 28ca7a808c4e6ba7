import type { Item } from '../engine/api';
import type { EngineClient } from '../engine/client';
import { Timeline, type Seen } from './timeline.svelte';

/** Rooms that nobody looks at of which anything is kept. */
const ROOMS_BEHIND = 20;

/** The timelines that were opened last. */
export class Timelines {
  readonly #engine: Pick<EngineClient, 'call'>;
  readonly #open = new Map<string, Timeline>();

  constructor(engine: Pick<EngineClient, 'call'>) {
    this.#engine = engine;
  }

  /** The timeline of a room; fetches it at the first visit. */
  visit(room: string, seen: Seen): Timeline {
    let timeline = this.#open.get(room);
    this.#open.delete(room);
    // Whoever left while far from the end comes back to the end.
    const anew = !timeline || timeline.newer;
    if (!timeline || anew) timeline = new Timeline(room, this.#engine);
    this.#open.set(room, timeline);
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= ROOMS_BEHIND) break;
      this.#open.delete(oldest);
    }
    if (anew) {
      void timeline.open(seen);
    } else if (timeline.status === 'failed') {
      void timeline.open(seen);
    } else {
      timeline.mark(seen);
    }
    return timeline;
  }

  receive(room: string, items: readonly Item[]): void {
    this.#open.get(room)?.receive(items);
  }

  /** An item of a timeline that was opened. */
  item(room: string, key: string): Item | undefined {
    return this.#open.get(room)?.item(key);
  }

  itemGone(room: string, key: string): void {
    this.#open.get(room)?.gone(key);
  }

  refresh(): void {
    for (const timeline of this.#open.values()) void timeline.refresh();
  }

  roomGone(room: string): void {
    this.#open.delete(room);
  }

  clear(): void {
    this.#open.clear();
  }
}
