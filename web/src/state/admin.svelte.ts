import type { EngineClient } from '../engine/client';
import { AdminApi } from './admin-api';
import type { ReportList, Statistics, Users } from './admin-types';

/** How often is looked whether somebody waits for an administrator. */
const LOOK_MS = 60_000;

/** What an administrator's page knows all the time: whether something waits for a decision. */
export class Admin {
  readonly engine: Pick<EngineClient, 'call'>;
  readonly api: AdminApi;
  /** Accounts that wait for approval. */
  pending = $state(0);
  /** Reports that nobody has decided. */
  reports = $state(0);
  readonly #watchers = new Set<(sample: Statistics) => void>();
  /** How much waits for an administrator. */
  readonly waiting = $derived(this.pending + this.reports);

  constructor(engine: Pick<EngineClient, 'call'>, api = new AdminApi()) {
    this.engine = engine;
    this.api = api;
  }

  /** Looks now and every minute until the returned function is called. */
  watch(): () => void {
    void this.look();
    const timer = setInterval(() => void this.look(), LOOK_MS);
    return () => clearInterval(timer);
  }

  /** What cannot be asked right now is asked again later; nobody has to be told. */
  async look(): Promise<void> {
    const [users, reports] = await Promise.allSettled([
      this.api.get<Users>('users', { status: 'pending', limit: 1 }),
      this.api.get<ReportList>('reports', { status: 'open', limit: 1 }),
    ]);
    if (users.status === 'fulfilled') this.pending = users.value.total;
    if (reports.status === 'fulfilled') this.reports = reports.value.open;
  }

  /** The relay tells how it is doing, because somebody watches. */
  receive(sample: Statistics): void {
    for (const watcher of this.#watchers) watcher(sample);
  }

  /** Listens to what the relay tells until the returned function is called. */
  onStatistics(watcher: (sample: Statistics) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Nobody is logged in any more. */
  forget(): void {
    this.pending = 0;
    this.reports = 0;
  }
}
