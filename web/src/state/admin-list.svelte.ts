import type { Failure } from '../engine/api';
import { failureOf } from '../engine/client';

/** One page of an answer. */
export interface ListPage<T> {
  items: readonly T[];
  /** How many there are altogether, where the relay counts them. */
  total?: number | null;
  /** Where the next page begins. */
  next?: string | null;
}

/**
 * A list that the relay answers in pages: the query decides what is in it, `more` adds the next page. While another
 * query is asked the old rows stay in view, and an answer that was overtaken by a newer question is dropped.
 */
export class AdminList<T, Q extends object = object> {
  readonly #ask: (query: Q, after: string | null) => Promise<ListPage<T>>;
  items = $state.raw<readonly T[]>([]);
  total = $state<number | null>(null);
  next = $state<string | null>(null);
  query = $state.raw<Q>() as Q;
  /** What to show: `loading` and `failed` are for a list that has nothing to show yet. */
  phase = $state<'loading' | 'ready' | 'failed'>('loading');
  /** A first page or the next one is on its way. */
  busy = $state(false);
  /** Why the last question was not answered. */
  failure = $state.raw<Failure | null>(null);
  #turn = 0;

  constructor(query: Q, ask: (query: Q, after: string | null) => Promise<ListPage<T>>) {
    this.query = query;
    this.#ask = ask;
  }

  /** Changes the query and asks again from the beginning, unless nothing is different. */
  async change(change: Partial<Q>): Promise<void> {
    const query = { ...this.query, ...change };
    if (JSON.stringify(query) === JSON.stringify(this.query)) return;
    this.query = query;
    await this.load();
  }

  /** Asks from the beginning. */
  load(): Promise<void> {
    return this.#page(null);
  }

  /** Adds the next page. */
  async more(): Promise<void> {
    if (this.next === null || this.busy) return;
    await this.#page(this.next);
  }

  /** Puts a newer state of a row in its place. */
  put(same: (item: T) => boolean, item: T): void {
    this.items = this.items.map((old) => (same(old) ? item : old));
  }

  /** Takes rows out that are gone. */
  drop(gone: (item: T) => boolean): void {
    const items = this.items.filter((item) => !gone(item));
    if (this.total !== null) this.total -= this.items.length - items.length;
    this.items = items;
  }

  async #page(after: string | null): Promise<void> {
    const turn = ++this.#turn;
    this.busy = true;
    this.failure = null;
    if (this.phase === 'failed') this.phase = 'loading';
    try {
      const page = await this.#ask(this.query, after);
      if (turn !== this.#turn) return;
      this.items = after === null ? page.items : [...this.items, ...page.items];
      this.total = page.total ?? null;
      this.next = page.next ?? null;
      this.phase = 'ready';
    } catch (thrown) {
      if (turn !== this.#turn) return;
      this.failure = failureOf(thrown);
      if (this.phase !== 'ready') this.phase = 'failed';
    } finally {
      if (turn === this.#turn) this.busy = false;
    }
  }
}
