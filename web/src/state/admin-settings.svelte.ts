import type { Failure } from '../engine/api';
import { failureOf } from '../engine/client';
import type { AdminApi } from './admin-api';
import type { ChangeSettings, Settings } from './admin-types';

export type SettingName = keyof Settings;

/** Longest name of a relay, in characters. */
export const NAME_CHARS = 80;

/** What numbers may be. */
export const RANGES = {
  messages_per_second: [1, 1_000_000],
  session_idle_hours: [1, 8_760],
  session_hours: [1, 8_760],
} as const;
export type NumberName = keyof typeof RANGES;

/** What is wrong with a value. */
export type SettingError = 'range' | 'tooLong' | 'idleTooLong';

/** Settings with the changes that are not saved yet. */
export class AdminSettings {
  readonly #api: Pick<AdminApi, 'get' | 'post'>;
  saved = $state.raw<Settings | null>(null);
  /** Changes to it; null goes back to what the relay was started with. */
  changes = $state.raw<ChangeSettings>({});
  busy = $state(false);
  failure = $state.raw<Failure | null>(null);
  readonly count = $derived(Object.keys(this.changes).length);
  /** What is wrong with the changes. */
  readonly errors = $derived(this.#check());

  constructor(api: Pick<AdminApi, 'get' | 'post'>) {
    this.#api = api;
  }

  /** The value with the change. A field that holds no number has none. */
  value<K extends SettingName>(name: K): Settings[K]['value'] | undefined {
    const setting = this.saved?.[name];
    const change = this.changes[name];
    if (change === undefined) return setting?.value;
    return change === null ? setting?.default : (change as Settings[K]['value']);
  }

  /** Changes a setting, or takes the change back when it is what counts already. */
  change<K extends SettingName>(name: K, value: Settings[K]['value'] | null): void {
    const setting = this.saved?.[name];
    const { [name]: _, ...others } = this.changes;
    const same = value === null ? setting?.set === false : value === setting?.value;
    this.changes = same ? others : { ...others, [name]: value };
  }

  discard(): void {
    this.changes = {};
    this.failure = null;
  }

  load(): Promise<boolean> {
    return this.#run(() => this.#api.get<Settings>('settings'));
  }

  /** Saves the changes; returns whether they count now. */
  async save(): Promise<boolean> {
    if (this.count === 0 || Object.keys(this.errors).length > 0) return false;
    const { changes } = this;
    const done = await this.#run(() => this.#api.post<Settings>('settings', changes));
    if (done) this.changes = {};
    return done;
  }

  async #run(work: () => Promise<Settings>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.failure = null;
    try {
      this.saved = await work();
      return true;
    } catch (thrown) {
      this.failure = failureOf(thrown);
      return false;
    } finally {
      this.busy = false;
    }
  }

  #check(): Partial<Record<SettingName, SettingError>> {
    const errors: Partial<Record<SettingName, SettingError>> = {};
    const { name } = this.changes;
    if (name != null && (name.trim() === '' || [...name].length > NAME_CHARS)) errors.name = 'tooLong';
    for (const [number, [low, high]] of Object.entries(RANGES) as [NumberName, [number, number]][]) {
      const value = this.changes[number];
      if (value != null && !(Number.isInteger(value) && value >= low && value <= high)) {
        errors[number] = 'range';
      }
    }
    const touched = this.changes.session_idle_hours !== undefined || this.changes.session_hours !== undefined;
    const idle = this.value('session_idle_hours') ?? 0;
    if (touched && !errors.session_idle_hours && idle > (this.value('session_hours') ?? Infinity)) {
      errors.session_idle_hours = 'idleTooLong';
    }
    return errors;
  }
}
