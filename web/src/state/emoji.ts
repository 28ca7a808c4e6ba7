import type { Language } from '../locale/catalogue';
import { folded } from './text';

/** As `tools/emoji.ts` writes them. */
export type EmojiRow = readonly [emoji: string, label: string, tags: string, group: number];

export interface Emoji {
  emoji: string;
  /** What it is called. */
  label: string;
  group: number;
  /** Label and tags, folded for the search. */
  words: string;
}

/** Groups in the order of the picker; the numbers are those of the data. */
export const GROUPS = [0, 1, 3, 4, 5, 6, 7, 8, 9] as const;
export type Group = (typeof GROUPS)[number];

/** What is offered without opening the picker. */
export const QUICK = ['👍', '❤️', '😂', '😮', '😢', '🙏'] as const;

/** Emoji that this browser knows: others would show as empty boxes. */
const KNOWN = /^\p{RGI_Emoji}$/v;

export function read(rows: readonly EmojiRow[]): Emoji[] {
  return rows
    .filter(([emoji]) => KNOWN.test(emoji))
    .map(([emoji, label, tags, group]) => ({ emoji, label, group, words: ` ${folded(`${label} ${tags}`)}` }));
}

/** Emoji whose words begin with all words that were typed; those whose name does come first. */
export function find(all: readonly Emoji[], typed: string): Emoji[] {
  const wanted = folded(typed).split(/\s+/u).filter(Boolean);
  if (wanted.length === 0) return [];
  const found = all.filter(
    ({ words, emoji }) => emoji === typed.trim() || wanted.every((word) => words.includes(` ${word}`)),
  );
  const named = (one: Emoji) => wanted.every((word) => ` ${folded(one.label)}`.includes(` ${word}`));
  return [...found.filter(named), ...found.filter((one) => !named(one))];
}

const LOADERS: Record<Language, () => Promise<{ default: readonly EmojiRow[] }>> = {
  en: () => import('virtual:emoji/en'),
  de: () => import('virtual:emoji/de'),
};
const loaded = new Map<Language, Promise<Emoji[]>>();

/** The emoji with their names in a language; fetched at the first call. */
export function load(language: Language): Promise<Emoji[]> {
  const known = loaded.get(language);
  if (known) return known;
  const fresh = LOADERS[language]().then(({ default: rows }) => read(rows));
  loaded.set(language, fresh);
  // So that the next opening tries again.
  fresh.catch(() => loaded.delete(language));
  return fresh;
}
