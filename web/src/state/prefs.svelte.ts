import type { Language } from '../locale/catalogue';
import { LANGUAGES } from '../locale/catalogue';

export type Theme = 'system' | 'light' | 'dark';
export const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

type Kept = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** What the person has chosen on this device. None of it is secret. */
export class Prefs {
  readonly #storage: Kept;
  #theme = $state<Theme>('system');
  #language = $state<Language | null>(null);
  #shortcuts = $state(true);
  #remembered = $state(false);
  #dismissed = $state.raw<readonly string[]>([]);

  constructor(storage: Kept) {
    this.#storage = storage;
    this.#theme = oneOf(THEMES, storage.getItem('waxwing.theme')) ?? 'system';
    this.#language = oneOf(LANGUAGES, storage.getItem('waxwing.language'));
    this.#shortcuts = storage.getItem('waxwing.shortcuts') !== 'off';
    this.#remembered = storage.getItem('waxwing.account') === 'yes';
    this.#dismissed = storage.getItem('waxwing.dismissed')?.split(' ').filter(Boolean) ?? [];
  }

  get theme(): Theme {
    return this.#theme;
  }
  set theme(value: Theme) {
    this.#theme = value;
    this.#keep('waxwing.theme', value === 'system' ? null : value);
  }

  /** Null follows the browser. */
  get language(): Language | null {
    return this.#language;
  }
  set language(value: Language | null) {
    this.#language = value;
    this.#keep('waxwing.language', value);
  }

  /** Whether keys without a modifier do something (WCAG 2.1.4 asks for a switch). */
  get shortcuts(): boolean {
    return this.#shortcuts;
  }
  set shortcuts(value: boolean) {
    this.#shortcuts = value;
    this.#keep('waxwing.shortcuts', value ? null : 'off');
  }

  /** Somebody was logged in when the page was last open: a hint for the first picture, before the engine knows. */
  get remembered(): boolean {
    return this.#remembered;
  }
  set remembered(value: boolean) {
    this.#remembered = value;
    this.#keep('waxwing.account', value ? 'yes' : null);
  }

  /** Announcements that were put away, by id. */
  get dismissed(): readonly string[] {
    return this.#dismissed;
  }
  set dismissed(value: readonly string[]) {
    this.#dismissed = value;
    this.#keep('waxwing.dismissed', value.length > 0 ? value.join(' ') : null);
  }

  #keep(key: string, value: string | null): void {
    try {
      if (value === null) this.#storage.removeItem(key);
      else this.#storage.setItem(key, value);
    } catch {
      // A full or forbidden storage only costs the memory of a choice.
    }
  }
}

function oneOf<T extends string>(allowed: readonly T[], value: string | null): T | null {
  return allowed.find((candidate) => candidate === value) ?? null;
}
