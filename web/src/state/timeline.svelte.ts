import type { Failure, Item, Page, ReplyFor, Room } from '../engine/api';
import { failureOf, type EngineClient } from '../engine/client';
import { isForeignText, isMessage } from './rooms.svelte';

/** Items of one page. */
export const PAGE = 50;
/** Items of the first page at most. */
const MOST = 400;
/** With more items than this, what is further than `FAR` from the view is let go, and fetched again on the way back. */
const MOST_KEPT = 1500;
const FAR = 600;
/** Items that are kept of a room that nobody looks at. */
const KEPT_BEHIND = 200;
/** Letters of an answered message that an answer shows. */
const QUOTED = 300;

/** History first, in the order of the room log; then what is only on this device, by time. */
export function compareItems(a: Item, b: Item): number {
  if (a.seq != null && b.seq != null) return a.seq - b.seq;
  if (a.seq != null) return -1;
  if (b.seq != null) return 1;
  return a.at - b.at || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
}

/** How far the account has read a room, and what is the last in it. */
export type Seen = Pick<Room, 'unread' | 'read'> & Partial<Pick<Room, 'last'>>;

/** A place to go to: an item, or the end. */
export interface Wanted {
  key: string | null;
  align: 'start' | 'center' | 'end';
}

/** A connected part of one room's timeline: the newest, until the person goes to an older place. */
export class Timeline {
  readonly room: string;
  readonly #engine: Pick<EngineClient, 'call'>;
  #keys = new Set<string>();
  #marked = false;
  #asked = 0;
  /** The highest number that anything had: what is above it is new. */
  #top = 0;
  /** What was told while pages are on their way, by page; null is gone. A page may have been read before. */
  readonly #told = new Set<Map<string, Item | null>>();

  items = $state.raw<readonly Item[]>([]);
  /** The last change put items before all others, so the view must keep its place from the end. */
  shift = $state(false);
  status = $state<'loading' | 'ready' | 'failed'>('loading');
  failure = $state.raw<Failure | null>(null);
  /** Older items exist. */
  more = $state(false);
  /** Newer items exist that are not here: the person looks at an older place. */
  newer = $state(false);
  loadingOlder = $state(false);
  loadingNewer = $state(false);
  /** Counts how often another part took the place of what was here. */
  part = $state(0);
  /** What the view is to show, and the person to see at once. */
  wanted = $state.raw<Wanted | null>(null);
  /** Key of the item that the person has just come to. */
  found = $state<string | null>(null);
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

  /** Fetches the newest page, or where the unread messages begin when that is far before it. */
  async open({ unread, read, last }: Seen): Promise<void> {
    this.status = 'loading';
    this.#top = Math.max(this.#top, last?.seq ?? 0);
    const limit = Math.min(MOST, Math.max(PAGE, unread + PAGE / 2));
    try {
      const page = await this.#page(
        unread > MOST ? { type: 'around', seq: read + 1 } : { type: 'newest' },
        limit,
      );
      this.more = page.more;
      this.newer = page.newer;
      this.#merge(page.items);
      this.mark({ unread, read });
      this.status = 'ready';
    } catch (thrown) {
      this.failure = failureOf(thrown);
      this.status = 'failed';
    }
  }

  /** Looks at the newest page once more: nobody told of what has changed in between. */
  async refresh(): Promise<void> {
    if (this.status !== 'ready') return;
    const { part, lastSeq } = this;
    try {
      const page = await this.#page({ type: 'newest' });
      if (part !== this.part) return;
      const known = new Set(page.items.map(({ key }) => key));
      // What is only on the device and not known to it any more was thrown away.
      for (const { key, seq } of this.items) if (seq == null && !known.has(key)) this.gone(key);
      const oldest = page.items.find(({ seq }) => seq != null)?.seq;
      const apart = page.more && lastSeq !== null && oldest != null && oldest > lastSeq + 1;
      // So much was missed that the rest is fetched when somebody goes there.
      if (apart) this.#endAt(lastSeq);
      this.receive(page.items);
    } catch (thrown) {
      this.failure = failureOf(thrown);
    }
  }

  /** Fetches the page before the oldest item. */
  async loadOlder(): Promise<void> {
    const first = this.firstSeq;
    if (!this.more || this.loadingOlder || this.status !== 'ready' || first === null) return;
    const { part } = this;
    this.loadingOlder = true;
    try {
      const page = await this.#page({ type: 'before', seq: first });
      if (part !== this.part) return;
      this.#merge(page.items);
      this.more = page.more && page.items.length > 0;
    } catch (thrown) {
      this.failure = failureOf(thrown);
    } finally {
      this.loadingOlder = false;
    }
  }

  /** Fetches the page after the newest item that is here, when others follow. */
  async loadNewer(): Promise<void> {
    const last = this.lastSeq;
    if (!this.newer || this.loadingNewer || this.status !== 'ready' || last === null) return;
    const { part } = this;
    this.loadingNewer = true;
    try {
      const page = await this.#page({ type: 'after', seq: last });
      if (part !== this.part) return;
      this.newer = page.newer && page.items.length > 0;
      this.#merge(page.items);
    } catch (thrown) {
      this.failure = failureOf(thrown);
    } finally {
      this.loadingNewer = false;
    }
  }

  /** Goes to a message, wherever it is. False if it is nowhere, or cannot be fetched. */
  async show(key: string, seq: number | null | undefined): Promise<boolean> {
    if (!this.#keys.has(key) && (seq == null || !(await this.#replace({ type: 'around', seq }))))
      return false;
    if (!this.#keys.has(key)) return false;
    this.wanted = { key, align: 'center' };
    return true;
  }

  /** Goes to the first message that was written at this time or later. */
  async showTime(at: number): Promise<boolean> {
    const [oldest] = this.items;
    const known = oldest && (oldest.at < at || !this.more) && this.items.some((item) => item.at >= at);
    if (!known && !(await this.#replace({ type: 'at', at }))) return false;
    const item = this.items.find((item) => item.at >= at) ?? this.items.at(-1);
    if (item) this.wanted = { key: item.key, align: 'start' };
    return true;
  }

  /** Goes to the first message of all. */
  showBeginning(): Promise<boolean> {
    return this.showTime(0);
  }

  /** Goes to the newest messages. */
  async showNewest(): Promise<boolean> {
    if (this.newer && !(await this.#replace({ type: 'newest' }))) return false;
    this.wanted = { key: null, align: 'end' };
    return true;
  }

  /** New or changed items. */
  receive(items: readonly Item[]): void {
    const top = this.#top;
    const news = items.filter((item) => isForeignText(item) && (item.seq ?? 0) > top);
    for (const item of items) {
      this.#top = Math.max(this.#top, item.seq ?? 0);
      for (const told of this.#told) told.set(item.key, item);
    }
    // What was deleted is not to be found in what was said aloud either.
    const aloud = this.announced?.key;
    if (items.some((item) => item.key === aloud && !isMessage(item.body))) this.announced = null;
    // Without a page there is nothing yet that it could belong to.
    if (this.status !== 'ready') return;
    // What is far from the place that the person looks at comes when they go there: between it and what is here is more.
    const [from, to] = [this.more ? this.firstSeq : null, this.newer ? this.lastSeq : null];
    const within = (item: Item) => this.#keys.has(item.key) || isBetween(item, from, to);
    this.#requote(items.filter((item) => !within(item)));
    this.#merge(items.filter(within));
    if (news.length === 0) return;
    this.fresh += news.length;
    this.announced = news.at(-1) ?? null;
  }

  gone(key: string): void {
    for (const told of this.#told) told.set(key, null);
    if (!this.#keys.delete(key)) return;
    this.shift = false;
    this.items = this.items.filter((item) => item.key !== key);
  }

  /**
   * The person looks at the item at this place of the list: lets go of what is far from it, if there is too much. One
   * end at a time, because a view keeps its place by one end.
   */
  keepAround(index: number): void {
    const { items } = this;
    if (items.length <= MOST_KEPT || this.loadingOlder || this.loadingNewer) return;
    if (index > items.length / 2) this.#dropOldest(index - FAR);
    else {
      const kept = items.slice(0, index + FAR);
      // Everything from the first that is only on this device is one end.
      if (kept.at(-1)?.seq == null) return;
      this.shift = false;
      this.newer = true;
      this.#keep(kept);
    }
  }

  #dropOldest(count: number): void {
    if (count <= 0) return;
    this.shift = true;
    this.more = true;
    this.#keep(this.items.slice(count));
  }

  #keep(kept: readonly Item[]): void {
    if (kept.length === this.items.length) return;
    const before = this.items;
    this.#keys = new Set(kept.map(({ key }) => key));
    this.items = kept;
    this.#requote(before.filter(({ key }) => !this.#keys.has(key)));
  }

  /** Answers that are here say what messages that are not here say now. */
  #requote(elsewhere: readonly Item[]): void {
    if (elsewhere.length === 0) return;
    const said = new Map(elsewhere.map((item) => [item.key, quoted(item)]));
    const stale = ({ reply }: Item) => {
      const text = reply == null ? undefined : said.get(reply.key);
      return text !== undefined && text !== reply?.text;
    };
    if (!this.items.some(stale)) return;
    this.items = this.items.map((item) =>
      item.reply && stale(item)
        ? { ...item, reply: { ...item.reply, text: said.get(item.reply.key) ?? '' } }
        : item,
    );
  }

  /** The item with this key, if it is here. */
  item(key: string): Item | undefined {
    const { items } = this;
    return this.#keys.has(key) ? items.find((item) => item.key === key) : undefined;
  }

  /** Draws the line above the first unread message, once for each visit. */
  mark({ unread, read }: Seen): void {
    if (this.#marked) return;
    this.#marked = true;
    const first = this.items.find((item) => isForeignText(item) && (item.seq ?? 0) > read);
    this.firstUnread = unread > 0 ? (first?.key ?? null) : null;
  }

  /** The person has left the room: the next visit draws its own line. */
  leave(): void {
    this.#marked = false;
    this.firstUnread = null;
    this.fresh = 0;
    if (!this.newer && !this.loadingOlder) this.#dropOldest(this.items.length - KEPT_BEHIND);
  }

  /** The oldest number that is here. */
  get firstSeq(): number | null {
    return this.items.find((item) => item.seq != null)?.seq ?? null;
  }

  /** The newest number, which is what reading up to the end means. */
  get lastSeq(): number | null {
    for (let i = this.items.length - 1; i >= 0; i--) {
      const seq = this.items[i]?.seq;
      if (seq != null) return seq;
    }
    return null;
  }

  /** A page with all that was told of its items, and of others in its place, since it was asked for. */
  async #page(page: Page, limit = PAGE): Promise<ReplyFor<'timeline'>> {
    const told = new Map<string, Item | null>();
    this.#told.add(told);
    try {
      const reply = await this.#engine.call({ type: 'timeline', room: this.room, page, limit });
      const seqs = reply.items.flatMap(({ seq }) => seq ?? []);
      const from = page.type === 'after' ? page.seq : reply.more ? (seqs[0] ?? null) : null;
      const to = page.type === 'before' ? page.seq : reply.newer ? (seqs.at(-1) ?? null) : null;
      const known = new Set(reply.items.map(({ key }) => key));
      const items = reply.items.flatMap((item) => {
        const now = told.get(item.key);
        return now === undefined ? item : (now ?? []);
      });
      for (const item of told.values()) {
        if (item && !known.has(item.key) && isBetween(item, from, to)) items.push(item);
      }
      items.sort(compareItems);
      this.#top = Math.max(this.#top, ...seqs.slice(-1));
      return { ...reply, items };
    } finally {
      this.#told.delete(told);
    }
  }

  /** What is after a place, or only on its way, is not here any more: it does not follow without a gap. */
  #endAt(seq: number): void {
    this.shift = false;
    this.newer = true;
    this.#keep(this.items.filter((item) => item.seq != null && item.seq <= seq));
  }

  /** Another part takes the place of what is here, unless a later one is asked for meanwhile. */
  async #replace(page: Page): Promise<boolean> {
    const asked = ++this.#asked;
    try {
      const reply = await this.#page(page);
      if (asked !== this.#asked) return false;
      this.#keys = new Set();
      this.items = [];
      this.more = reply.more;
      this.newer = reply.newer;
      this.part += 1;
      this.#merge(reply.items);
      return true;
    } catch (thrown) {
      this.failure = failureOf(thrown);
      return false;
    }
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

/** Whether an item is after one place and before another; null is the beginning or the end, where what is on its way is. */
function isBetween({ seq }: Item, from: number | null, to: number | null): boolean {
  return (from === null || (seq ?? Infinity) > from) && (to === null || (seq ?? Infinity) < to);
}

/** What an answer shows of the message that it answers; empty for what cannot be read. */
function quoted({ body }: Item): string {
  if (body.type === 'text') return body.text.slice(0, QUOTED);
  return body.type === 'poll' ? body.question : '';
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
