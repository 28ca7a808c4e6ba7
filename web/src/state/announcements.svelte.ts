import type { Announcement } from '../engine/api';
import type { Prefs } from './prefs.svelte';

/** The operator's words to everybody, as long as they stand. */
export class Announcements {
  readonly #prefs: Pick<Prefs, 'dismissed'>;
  #all = $state.raw<readonly Announcement[]>([]);

  constructor(prefs: Pick<Prefs, 'dismissed'>) {
    this.#prefs = prefs;
  }

  /** Everything that stands, newest first, for those who look for it. */
  readonly all: readonly Announcement[] = $derived(this.#all.toSorted((a, b) => b.at - a.at));

  /** What was not put away on this device: warnings before what is only good to know. */
  readonly shown: readonly Announcement[] = $derived.by(() => {
    const rank = ({ level }: Announcement) => (level === 'warning' ? 0 : 1);
    return this.all.filter(({ id }) => !this.#prefs.dismissed.includes(id)).sort((a, b) => rank(a) - rank(b));
  });

  /** The whole list, at each change. */
  receive(announcements: readonly Announcement[]): void {
    this.#all = announcements;
  }

  dismiss(id: string): void {
    // What was withdrawn does not come again, so it need not be remembered.
    const standing = this.#prefs.dismissed.filter((other) => this.#all.some((one) => one.id === other));
    this.#prefs.dismissed = [...standing, id];
  }

  clear(): void {
    this.#all = [];
  }
}
