import { inline, type Inline, type Mentionable } from './inline';

/**
 * The markdown that messages may use, read into a tree that views turn into elements one by one. Whatever is no part of
 * it stays text, so nothing that was written gets lost. A peer chooses the text: the time grows with its length and not
 * faster, and the depth is bounded.
 */

/** One entry of a list, and the lists inside of it. */
export interface ListEntry {
  children: Inline[];
  lists: List[];
}

export interface List {
  type: 'list';
  /** Number of the first entry, if they have numbers. */
  start: number | null;
  entries: ListEntry[];
}

/** A part of a message. */
export type Block =
  | { type: 'text'; children: Inline[] }
  | { type: 'code'; text: string; language: string }
  | { type: 'quote'; children: Block[] }
  | List;

/** Quotes and lists lie no deeper than this inside of each other. */
const DEPTH = 3;
const FENCE = /^ {0,3}```[ \t]*([\w+#.-]{0,32})[ \t]*$/;
const FENCE_END = /^ {0,3}```[ \t]*$/;
const QUOTE = /^>(?: |$|(?=>))/;
const ENTRY = /^( *)(?:[-*+]|(\d{1,9})[.)]) +(?=\S)/;

/** Reads a message. `people` are those whom it mentions. */
export function parse(text: string, people: readonly Mentionable[] = []): Block[] {
  return blocks(text.split(/\r?\n/), people, DEPTH);
}

function blocks(lines: readonly string[], people: readonly Mentionable[], depth: number): Block[] {
  const found: Block[] = [];
  let plain: string[] = [];
  const flush = () => {
    const text = plain.join('\n').replace(/^\n+/, '').trimEnd();
    if (text !== '') found.push({ type: 'text', children: inline(text, people) });
    plain = [];
  };
  const runFrom = (at: number, sign: RegExp): readonly string[] => {
    let end = at + 1;
    while (end < lines.length && sign.test(lines[end] ?? '')) end++;
    return lines.slice(at, end);
  };
  /** No fence is closed from here on. */
  let unfenced = false;
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const fence: RegExpExecArray | null = unfenced ? null : FENCE.exec(line);
    const fenceEnd: number = fence ? fenceAfter(lines, at) : 0;
    unfenced ||= fenceEnd < 0;
    if (fence && fenceEnd > 0) {
      flush();
      const code = lines.slice(at + 1, fenceEnd).join('\n');
      found.push({ type: 'code', text: code, language: fence[1] ?? '' });
      at = fenceEnd;
    } else if (depth > 0 && QUOTE.test(line)) {
      flush();
      const quoted = runFrom(at, QUOTE);
      const inner = quoted.map((one) => one.replace(/^> ?/, ''));
      found.push({ type: 'quote', children: blocks(inner, people, depth - 1) });
      at += quoted.length - 1;
    } else if (ENTRY.exec(line)?.[1] === '') {
      flush();
      const entries = runFrom(at, ENTRY);
      found.push(...lists(entries, people));
      at += entries.length - 1;
    } else {
      plain.push(line);
    }
  }
  flush();
  return found;
}

function fenceAfter(lines: readonly string[], at: number): number {
  for (let end = at + 1; end < lines.length; end++) if (FENCE_END.test(lines[end] ?? '')) return end;
  return -1;
}

/** Entries that follow each other; those that are indented further belong to the one above. */
function lists(lines: readonly string[], people: readonly Mentionable[]): List[] {
  const roots: List[] = [];
  const levels = [{ indent: 0, lists: roots }];
  for (const line of lines) {
    const match = ENTRY.exec(line);
    const indent = match?.[1]?.length ?? 0;
    while (levels.length > 1 && indent < (levels.at(-1)?.indent ?? 0)) levels.pop();
    let level = levels.at(-1);
    const above = level?.lists.at(-1)?.entries.at(-1);
    if (level && above && indent >= level.indent + 2 && levels.length < DEPTH) {
      level = { indent, lists: above.lists };
      levels.push(level);
    }
    const number = match?.[2];
    const last = level?.lists.at(-1);
    const entry = { children: inline(line.slice(match?.[0].length), people), lists: [] };
    if (last && (last.start !== null) === (number !== undefined)) last.entries.push(entry);
    else
      level?.lists.push({
        type: 'list',
        start: number === undefined ? null : Number(number),
        entries: [entry],
      });
  }
  return roots;
}

/** The words without the signs, on one line. */
export function plainOf(text: string): string {
  const words: string[] = [];
  walk(parse(text), words);
  return words.join(' ').replace(/\s+/gu, ' ').trim();
}

function walk(blocks: readonly Block[], words: string[]): void {
  for (const block of blocks) {
    if (block.type === 'text') words.push(said(block.children));
    else if (block.type === 'code') words.push(block.text);
    else if (block.type === 'quote') walk(block.children, words);
    else walkList(block, words);
  }
}

function walkList({ entries }: List, words: string[]): void {
  for (const { children, lists } of entries) {
    words.push(said(children));
    for (const list of lists) walkList(list, words);
  }
}

function said(parts: readonly Inline[]): string {
  return parts.map((part) => ('children' in part ? said(part.children) : part.text)).join('');
}
