import type { Failure, Item } from '../engine/api';
import { failureOf, type EngineClient } from '../engine/client';
import { isForeignText } from './rooms.svelte';

/** Items of one page. */
export const PAGE = 50;

/** History first, in the order of the room log; then what is only on this device, by time. */
export function compareItems(a: Item, b: Item): number {
  if (a.seq != null && b.seq != null) return a.seq - b.seq;
  if (a.seq != null) return -1;
  if (b.seq != null) return 1;
  return a.at - b.at || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
}

/** The newest part of one room's timeline, as far as it was looked at. */
export class Timeline {
  readonly room: string;
  readonly #engine: Pick<EngineClient, 'call'>;
  #keys = new Set<string>();
  #marked = false;

  items = $state.raw<readonly Item[]>([]);
  /** The last change put items before all others, so the view must keep its place from the end. */
  shift = $state(false);
  status = $state<'loading' | 'ready' | 'failed'>('loading');
  failure = $state.raw<Failure | null>(null);
  /** Older items exist. */
  more = $state(false);
  loadingOlder = $state(false);
  /** Key of the first message that was unread when the room was opened. */
  firstUnread = $state<string | null>(null);
  /** Messages of others that came while the person looked at older ones. */
  fresh = $state(0);
  /** What came last, for those who listen rather than look. */
  announced = $state.raw<Item | null>(null);

  constructor(room: string, engine: Pick<EngineClient, 'call'>) {
    this.room = room;
    this.#engine = engine;
  }

  /** Fetches the newest page. */
  async open(unread: number): Promise<void> {
    this.status = 'loading';
    try {
      const page = await this.#engine.call({
        type: 'timeline',
        room: this.room,
        page: { type: 'newest' },
        limit: PAGE,
      });
      this.#merge(page.items);
      this.more = page.more;
      this.mark(unread);
      this.status = 'ready';
    } catch (thrown) {
      this.failure = failureOf(thrown);
      this.status = 'failed';
    }
  }

  /** Fetches the page before the oldest item. */
  async loadOlder(): Promise<void> {
    const oldest = this.items.find((item) => item.seq != null);
    if (!this.more || this.loadingOlder || this.status !== 'ready' || oldest?.seq == null) return;
    this.loadingOlder = true;
    try {
      const page = await this.#engine.call({
        type: 'timeline',
        room: this.room,
        page: { type: 'before', seq: oldest.seq },
        limit: PAGE,
      });
      this.#merge(page.items);
      this.more = page.more && page.items.length > 0;
    } catch (thrown) {
      this.failure = failureOf(thrown);
    } finally {
      this.loadingOlder = false;
    }
  }

  /** New or changed items. */
  receive(items: readonly Item[]): void {
    const news = items.filter((item) => isForeignText(item) && !this.#keys.has(item.key));
    this.#merge(items);
    if (this.status !== 'ready' || news.length === 0) return;
    this.fresh += news.length;
    this.announced = news.at(-1) ?? null;
  }

  gone(key: string): void {
    if (!this.#keys.delete(key)) return;
    this.shift = false;
    this.items = this.items.filter((item) => item.key !== key);
  }

  /** Draws the line above the oldest of `unread` messages, once for each visit. */
  mark(unread: number): void {
    if (this.#marked) return;
    this.#marked = true;
    let left = unread;
    let first: Item | null = null;
    for (let i = this.items.length - 1; i >= 0 && left > 0; i--) {
      const item = this.items[i];
      if (!item || !isForeignText(item)) continue;
      first = item;
      left -= 1;
    }
    this.firstUnread = first?.key ?? null;
  }

  /** The person has left the room: the next visit draws its own line. */
  leave(): void {
    this.#marked = false;
    this.firstUnread = null;
    this.fresh = 0;
  }

  /** The newest number, which is what reading up to the end means. */
  get lastSeq(): number | null {
    for (let i = this.items.length - 1; i >= 0; i--) {
      const seq = this.items[i]?.seq;
      if (seq != null) return seq;
    }
    return null;
  }

  #merge(items: readonly Item[]): void {
    if (items.length === 0) return;
    const before = this.items;
    const incoming = new Map(items.map((item) => [item.key, item]));
    const kept = items.some((item) => this.#keys.has(item.key))
      ? before.filter((item) => !incoming.has(item.key))
      : before;
    const added = [...incoming.values()].sort(compareItems);
    const [oldest] = kept;
    const newest = added.at(-1);
    const inFront = kept.length === before.length && oldest && newest && compareItems(newest, oldest) < 0;
    for (const key of incoming.keys()) this.#keys.add(key);
    this.shift = Boolean(inFront);
    this.items = inFront ? [...added, ...kept] : inserted(kept, added);
  }
}

/** Merges two sorted lists, the second of which nearly always belongs near the end of the first. */
function inserted(sorted: readonly Item[], added: readonly Item[]): Item[] {
  const merged = [...sorted];
  for (const item of added) {
    let at = merged.length;
    while (at > 0) {
      const previous = merged[at - 1];
      if (!previous || compareItems(previous, item) <= 0) break;
      at -= 1;
    }
    merged.splice(at, 0, item);
  }
  return merged;
}

/** The timelines that were opened since login. */
export class Timelines {
  readonly #engine: Pick<EngineClient, 'call'>;
  readonly #open = new Map<string, Timeline>();

  constructor(engine: Pick<EngineClient, 'call'>) {
    this.#engine = engine;
  }

  /** The timeline of a room; fetches it at the first visit. */
  visit(room: string, unread: number): Timeline {
    let timeline = this.#open.get(room);
    if (!timeline) {
      timeline = new Timeline(room, this.#engine);
      this.#open.set(room, timeline);
      void timeline.open(unread);
    } else if (timeline.status === 'failed') {
      void timeline.open(unread);
    } else {
      timeline.mark(unread);
    }
    return timeline;
  }

  receive(room: string, items: readonly Item[]): void {
    this.#open.get(room)?.receive(items);
  }

  itemGone(room: string, key: string): void {
    this.#open.get(room)?.gone(key);
  }

  roomGone(room: string): void {
    this.#open.delete(room);
  }

  clear(): void {
    this.#open.clear();
  }
}
