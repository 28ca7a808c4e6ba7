import { de } from './de';
import { en, type Message } from './en';

export type Language = 'en' | 'de';
export const LANGUAGES: readonly Language[] = ['en', 'de'];

export type Key = keyof typeof en;
/** A complete translation: every message, with plural forms where the original has them. */
export type Catalogue = Translation<typeof en>;
/** The translation of a part of the catalogue, for those parts that have files of their own. */
export type Translation<Part extends Record<string, Message>> = {
  readonly [K in keyof Part]: Part[K] extends string ? string : Exclude<Message, string>;
};

export const CATALOGUES: Record<Language, Catalogue> = { en, de };
/** What a language calls itself. */
export const LANGUAGE_NAMES: Record<Language, string> = { en: 'English', de: 'Deutsch' };
export const DIRECTION: Record<Language, 'ltr' | 'rtl'> = { en: 'ltr', de: 'ltr' };
