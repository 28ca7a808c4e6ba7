import type { Failure } from '../engine/api';
import { failureOf } from '../engine/client';
import type { Admin } from './admin.svelte';
import type { HourStatistics, Statistics, StatisticsPage } from './admin-types';

/** Samples that are kept: four minutes, one every two seconds. */
const KEPT = 120;
/** Samples further apart than this have a gap between them. */
const GAP_MS = 5_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const HOURS = 48;

export type Values = (number | null)[];

/** The relay in numbers, now and before. */
export class AdminStatistics {
  readonly #admin: Admin;
  history = $state.raw<readonly Statistics[]>([]);
  hours = $state.raw<readonly HourStatistics[]>([]);
  failure = $state.raw<Failure | null>(null);
  readonly now: Statistics | null = $derived(this.history.at(-1) ?? null);

  constructor(admin: Admin) {
    this.#admin = admin;
  }

  /** Follows the relay until the returned function is called. It has to be begun anew after a lost connection. */
  watch(): () => void {
    const { engine } = this.#admin;
    const unlisten = this.#admin.onStatistics((sample) => this.receive(sample));
    void this.load();
    engine.call({ type: 'watchStatistics', on: true }).catch((thrown: unknown) => {
      this.failure = failureOf(thrown);
    });
    return () => {
      unlisten();
      // A connection that is gone tells nothing any more by itself.
      engine.call({ type: 'watchStatistics', on: false }).catch(() => undefined);
    };
  }

  /** Fetches what was before. */
  async load(): Promise<void> {
    try {
      const page = await this.#admin.api.get<StatisticsPage>('statistics');
      this.hours = page.hours;
      // What came over the stream meanwhile is newer, and stays.
      const live = this.history;
      this.history = [];
      for (const sample of [...page.history, page.now, ...live]) this.receive(sample);
    } catch (thrown) {
      this.failure = failureOf(thrown);
    }
  }

  /** Takes a new sample. */
  receive(sample: Statistics): void {
    const last = this.history.at(-1);
    if (last && sample.at_ms <= last.at_ms) return;
    this.history = [...this.history, sample].slice(-KEPT);
    this.#admin.pending = sample.pending;
    this.#admin.reports = sample.reports;
    this.failure = null;
  }

  /** One number of each sample, with gaps where nothing was measured. */
  of(value: (sample: Statistics) => number | null | undefined): Values {
    return this.#spread((sample) => value(sample) ?? null);
  }

  /** Growth of a counter, per minute. A counter that begins anew has no growth. */
  growth(counter: (sample: Statistics) => number): Values {
    return this.#spread((sample, before) => {
      if (!before) return null;
      const grown = counter(sample) - counter(before);
      const elapsed = sample.at_ms - before.at_ms;
      return grown < 0 || elapsed <= 0 ? null : (grown * MINUTE_MS) / elapsed;
    });
  }

  /** When each value of {@link of} was measured. */
  get times(): Values {
    return this.#spread((sample) => sample.at_ms);
  }

  /** One number of each of the last 48 hours up to now, with gaps where the relay did not run. */
  hourly(value: (hour: HourStatistics) => number): Values {
    const last = this.#lastHour();
    const known = new Map(this.hours.map((hour) => [Math.floor(hour.at_ms / HOUR_MS), hour]));
    return Array.from({ length: HOURS }, (_, at) => {
      const hour = known.get(last - HOURS + 1 + at);
      return hour ? value(hour) : null;
    });
  }

  /** When each hour of {@link hourly} began. */
  get hourTimes(): number[] {
    const last = this.#lastHour();
    return Array.from({ length: HOURS }, (_, at) => (last - HOURS + 1 + at) * HOUR_MS);
  }

  #lastHour(): number {
    const newest = Math.max(this.now?.at_ms ?? 0, this.hours.at(-1)?.at_ms ?? 0);
    return Math.floor(newest / HOUR_MS);
  }

  #spread(value: (sample: Statistics, before: Statistics | undefined) => number | null): Values {
    const values: Values = [];
    this.history.forEach((sample, at) => {
      const before = this.history[at - 1];
      const gap = before !== undefined && sample.at_ms - before.at_ms > GAP_MS;
      if (gap) values.push(null);
      values.push(value(sample, gap ? undefined : before));
    });
    return values.slice(-KEPT);
  }
}

/** Lowest, highest and last of the values that are known. */
export function rangeOf(values: Values): { low: number; high: number; last: number } | null {
  const known = values.filter((value) => value !== null);
  const last = known.at(-1);
  if (last === undefined) return null;
  return { low: Math.min(...known), high: Math.max(...known), last };
}
