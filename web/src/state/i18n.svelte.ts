import { CATALOGUES, DIRECTION, LANGUAGES, type Key, type Language } from '../locale/catalogue';
import { isolate } from './text';

export type Params = Record<string, string | number>;

/** The best of our languages for what the browser asks for. */
export function negotiate(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const found = LANGUAGES.find((language) => tag.toLowerCase().split('-')[0] === language);
    if (found) return found;
  }
  return 'en';
}

/** Words, numbers and dates in the person's language. */
export class I18n {
  readonly #wanted: readonly string[];
  readonly #chosen: () => Language | null;
  readonly language: Language = $derived.by(() => this.#chosen() ?? negotiate(this.#wanted));
  /** With the region of the browser when that speaks the same language: it decides about 24 hours and date order. */
  readonly locale: string = $derived.by(
    () => this.#wanted.find((tag) => tag.toLowerCase().split('-')[0] === this.language) ?? this.language,
  );
  readonly direction = $derived(DIRECTION[this.language]);
  readonly #plurals = $derived(new Intl.PluralRules(this.language));
  readonly #numbers = $derived(new Intl.NumberFormat(this.locale));
  readonly #time = $derived(new Intl.DateTimeFormat(this.locale, { hour: '2-digit', minute: '2-digit' }));
  readonly #weekday = $derived(new Intl.DateTimeFormat(this.locale, { weekday: 'short' }));
  readonly #date = $derived(
    new Intl.DateTimeFormat(this.locale, { day: 'numeric', month: 'numeric', year: '2-digit' }),
  );
  readonly #day = $derived(
    new Intl.DateTimeFormat(this.locale, { weekday: 'long', day: 'numeric', month: 'long' }),
  );
  readonly #dayAndYear = $derived(new Intl.DateTimeFormat(this.locale, { dateStyle: 'long' }));
  readonly #moment = $derived(
    new Intl.DateTimeFormat(this.locale, { dateStyle: 'short', timeStyle: 'medium' }),
  );
  readonly #ago = $derived(new Intl.RelativeTimeFormat(this.locale, { numeric: 'auto' }));
  readonly #full = $derived(new Intl.DateTimeFormat(this.locale, { dateStyle: 'full', timeStyle: 'short' }));

  /** `chosen` is the language the person picked, `wanted` what the browser asks for. */
  constructor(chosen: () => Language | null, wanted: readonly string[]) {
    this.#chosen = chosen;
    this.#wanted = wanted;
  }

  /** A message. `n` chooses the plural form; texts of people are isolated so that they cannot turn the sentence around. */
  t = (key: Key, params: Params = {}): string => {
    const message = CATALOGUES[this.language][key];
    const count = typeof params['n'] === 'number' ? params['n'] : 0;
    const pattern =
      typeof message === 'string'
        ? message
        : (message[this.#plurals.select(count) as 'one' | 'other'] ?? message.other);
    return pattern.replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = params[name];
      if (value === undefined) return whole;
      return typeof value === 'number' ? this.#numbers.format(value) : isolate(value);
    });
  };

  /** Whether there is a message of this name. */
  has(key: string): key is Key {
    return Object.hasOwn(CATALOGUES.en, key);
  }

  /** A list, as the language joins it. */
  number(value: number): string {
    return this.#numbers.format(value);
  }

  time(at: number): string {
    return this.#time.format(at);
  }

  /** Date and time to the second, for tables. */
  moment(at: number): string {
    return this.#moment.format(at);
  }

  /** For a tool tip. */
  full(at: number): string {
    return this.#full.format(at);
  }

  /** A time span in its largest whole unit, such as `4 weeks`. */
  span(seconds: number): string {
    const units = { week: 604_800, day: 86_400, hour: 3600, minute: 60, second: 1 } as const;
    const fits = (Object.keys(units) as (keyof typeof units)[]).find((unit) => seconds % units[unit] === 0);
    const unit = fits ?? 'second';
    const format = new Intl.NumberFormat(this.locale, { style: 'unit', unit, unitDisplay: 'long' });
    return format.format(seconds / units[unit]);
  }

  /** What is left until then, such as `3 days`; never less than a minute. */
  left(until: number, now: number): string {
    const minutes = Math.max(1, Math.ceil((until - now) / 60_000));
    if (minutes < 120) return this.span(minutes * 60);
    if (minutes < 48 * 60) return this.span(Math.round(minutes / 60) * 3600);
    return this.span(Math.round(minutes / (24 * 60)) * 86_400);
  }

  /** A day, such as `12 May 2026`. */
  date(at: number): string {
    return this.#dayAndYear.format(at);
  }

  /** How long ago, in the largest unit that fits. */
  ago(at: number, now: number): string {
    const minutes = Math.max(0, Math.round((now - at) / 60_000));
    if (minutes < 60) return this.#ago.format(-minutes, 'minute');
    if (minutes < 24 * 60) return this.#ago.format(-Math.round(minutes / 60), 'hour');
    const days = daysBetween(at, now);
    return days < 60 ? this.#ago.format(-days, 'day') : this.#ago.format(-Math.round(days / 30), 'month');
  }

  /** Short, for the conversation list. */
  when(at: number, now: number): string {
    const days = daysBetween(at, now);
    if (days === 0) return this.time(at);
    if (days === 1) return this.t('yesterday');
    return days > 1 && days < 7 ? this.#weekday.format(at) : this.#date.format(at);
  }

  /** Heading of a day in a timeline. */
  day(at: number, now: number): string {
    const days = daysBetween(at, now);
    if (days === 0) return this.t('today');
    if (days === 1) return this.t('yesterday');
    const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
    return (sameYear ? this.#day : this.#dayAndYear).format(at);
  }
}

/** Calendar days from `at` to `now`, in local time. */
export function daysBetween(at: number, now: number): number {
  const midnight = (time: number) => {
    const date = new Date(time);
    return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  };
  return Math.round((midnight(now) - midnight(at)) / 86_400_000);
}
