import type { Person } from '../engine/api';
import type { Inline, Mentionable } from './inline';
import { parse, type Block, type List } from './markdown';
import { cleanName, folded } from './text';

/** Most people that one message mentions: `client/src/content`. */
const MOST = 64;
/** Longer beginnings are no names. */
const LONGEST = 40;

/** The beginning of a name that stands before the cursor. */
export interface Begun {
  /** Where the `@` is. */
  from: number;
  /** What follows it. */
  typed: string;
}

/** The mention that is being typed. It may have blanks, as names do. */
export function begunAt(text: string, cursor: number): Begun | null {
  const before = text.slice(Math.max(0, cursor - LONGEST - 1), cursor);
  const at = before.lastIndexOf('@');
  if (at < 0) return null;
  const typed = before.slice(at + 1);
  const previous = before[at - 1] ?? '';
  if (/[\p{L}\p{N}]/u.test(previous) || /[\n@]/.test(typed) || /^\s/.test(typed) || /\s\s/.test(typed))
    return null;
  return { from: cursor - typed.length - 1, typed };
}

/** Members whose name, or a word of it, begins with what was typed. Those whose name begins with it come first. */
export function candidates(people: readonly Person[], typed: string): Mentionable[] {
  const wanted = folded(typed);
  const named = people
    .filter((person) => !person.own && person.role !== 'former')
    .map(({ account, name }) => ({ account, name: cleanName(name) }))
    .filter(({ name }) => name !== '');
  const first = (one: Mentionable) => folded(one.name).startsWith(wanted);
  const found = named.filter((one) => first(one) || folded(one.name).includes(` ${wanted}`));
  return found.sort((a, b) => Number(first(b)) - Number(first(a)) || (a.name < b.name ? -1 : 1)).slice(0, 8);
}

/** The accounts that a text mentions. */
export function mentionedIn(text: string, people: readonly Person[]): string[] {
  if (!text.includes('@')) return [];
  const all = people
    .filter((person) => person.role !== 'former')
    .map(({ account, name }) => ({ account, name: cleanName(name) }));
  const found = new Set<string>();
  const line = (parts: readonly Inline[]): void => {
    for (const part of parts) {
      if (part.type === 'mention') found.add(part.account);
      else if ('children' in part) line(part.children);
    }
  };
  const list = ({ entries }: List): void => {
    for (const { children, lists } of entries) {
      line(children);
      lists.forEach(list);
    }
  };
  const walk = (blocks: readonly Block[]): void => {
    for (const block of blocks) {
      if (block.type === 'text') line(block.children);
      else if (block.type === 'quote') walk(block.children);
      else if (block.type === 'list') list(block);
    }
  };
  walk(parse(text, all));
  return [...found].slice(0, MOST);
}
