import { safeAddress, withoutTail } from './links';
import { cleanName, withoutOverrides } from './text';

/** A part of a line. */
export type Inline =
  | { type: 'text'; text: string }
  | { type: 'code'; text: string }
  /** `host` is shown behind a text that does not say where the link leads. */
  | { type: 'link'; text: string; href: string; host: string | null }
  | { type: 'mention'; text: string; account: string }
  | { type: Mark; children: Inline[] };

type Mark = 'strong' | 'emphasis' | 'strike';

/** A name that stands in the text behind an `@`, and whose it is. */
export interface Mentionable {
  account: string;
  name: string;
}

const LETTER = /[\p{L}\p{N}]/u;
const SIGN = /[\p{P}\p{S}]/u;
/** Where something may begin that is not plain text. */
const SPECIAL = /[\\`*_~[@]|https?:\/\/|mailto:/giu;
/** Bounded, because every bracket is tried. */
const LABELLED =
  /\[([^[\]\n]{1,300})\]\(((?:https?:\/\/|mailto:)(?:[^\s()<>]|\([^\s()<>]{0,200}\)){1,1000})\)/iuy;
const ADDRESS = /(?:https?:\/\/|mailto:)[^\s<>"'`\u2066-\u2069\u202A-\u202E]+/iuy;

/** Reads emphasis, code, links and mentions. No kind of emphasis lies in itself. */
export function inline(text: string, people: readonly Mentionable[] = []): Inline[] {
  const names = people.filter(({ name }) => name !== '').sort((a, b) => b.name.length - a.name.length);
  const out = new Writer();
  const ticks = new Ticks(text);
  let end = 0;
  for (let at = next(text, 0); at < text.length; at = next(text, end)) {
    out.say(text.slice(end, at));
    const taken = take(text, at, names, ticks);
    if (taken) {
      out.add(taken.node);
      end = taken.end;
      continue;
    }
    const run = '*_~'.includes(text[at] ?? '') ? runOf(text, at) : 1;
    out.emphasise(text, at, run);
    end = at + run;
  }
  out.say(text.slice(end));
  return out.finish();
}

function next(text: string, from: number): number {
  SPECIAL.lastIndex = from;
  return SPECIAL.exec(text)?.index ?? text.length;
}

interface Taken {
  node: Inline;
  end: number;
}

function take(text: string, at: number, names: readonly Mentionable[], ticks: Ticks): Taken | null {
  switch (text[at]) {
    case '\\':
      return escaped(text, at);
    case '`':
      return ticks.code(at);
    case '[':
      return labelled(text, at);
    case '@':
      return mention(text, at, names);
    case '*':
    case '_':
    case '~':
      return null;
    default:
      return address(text, at);
  }
}

function escaped(text: string, at: number): Taken | null {
  const sign = text[at + 1] ?? '';
  if (sign === '' || !'*_~`[]'.includes(sign)) return null;
  return { node: { type: 'text', text: sign }, end: at + 2 };
}

/** A link with a text of its own. */
function labelled(text: string, at: number): Taken | null {
  LABELLED.lastIndex = at;
  const match = LABELLED.exec(text);
  const target = safeAddress(match?.[2] ?? '');
  const label = cleanName(match?.[1] ?? '');
  if (!match || target === null || label === '') return null;
  const host = label === match[2] ? null : target.host;
  return { node: { type: 'link', text: label, href: target.href, host }, end: at + match[0].length };
}

/** An address as it stands in the text. */
function address(text: string, at: number): Taken | null {
  if (at > 0 && LETTER.test(text[at - 1] ?? '')) return null;
  ADDRESS.lastIndex = at;
  const found = ADDRESS.exec(text)?.[0];
  if (found === undefined) return null;
  const candidate = withoutTail(found);
  const target = safeAddress(candidate);
  // All of it is text then: to look again at each part of it could take very long.
  if (target === null) return { node: { type: 'text', text: found }, end: at + found.length };
  const node: Inline = { type: 'link', text: candidate, href: target.href, host: null };
  return { node, end: at + candidate.length };
}

function mention(text: string, at: number, names: readonly Mentionable[]): Taken | null {
  if (at > 0 && LETTER.test(text[at - 1] ?? '')) return null;
  for (const { account, name } of names) {
    const end = at + 1 + name.length;
    if (text.startsWith(name, at + 1) && !LETTER.test(text[end] ?? '')) {
      return { node: { type: 'mention', text: `@${name}`, account }, end };
    }
  }
  return null;
}

/** Code between as many backticks before as after. */
class Ticks {
  readonly #text: string;
  /** Runs of these lengths do not come again. */
  readonly #none = new Set<number>();

  constructor(text: string) {
    this.#text = text;
  }

  code(at: number): Taken {
    const length = runOf(this.#text, at);
    const from = at + length;
    const end = this.#none.has(length) ? -1 : this.#closing(from, length);
    if (end < 0) {
      this.#none.add(length);
      return { node: { type: 'text', text: this.#text.slice(at, from) }, end: from };
    }
    const code = this.#text.slice(from, end);
    // Blanks at both ends let the code itself begin or end with a backtick.
    const padded = code.length > 2 && code.startsWith(' ') && code.endsWith(' ') && code.trim() !== '';
    return { node: { type: 'code', text: padded ? code.slice(1, -1) : code }, end: end + length };
  }

  #closing(from: number, length: number): number {
    for (let at = this.#text.indexOf('`', from); at >= 0;) {
      const run = runOf(this.#text, at);
      if (run === length) return at;
      at = this.#text.indexOf('`', at + run);
    }
    return -1;
  }
}

function runOf(text: string, at: number): number {
  let end = at + 1;
  while (end < text.length && text[end] === text[at]) end++;
  return end - at;
}

interface Frame {
  mark: Mark;
  /** What opened it: text again if nothing closes it. */
  marker: string;
  children: Inline[];
}

/** Builds the tree. At most one emphasis of each kind is open, so it stays flat however long the text is. */
class Writer {
  readonly #root: Inline[] = [];
  readonly #open: Frame[] = [];

  say(said: string): void {
    const text = withoutOverrides(said);
    if (text === '') return;
    const into = this.#top;
    const last = into.at(-1);
    if (last?.type === 'text') last.text += text;
    else into.push({ type: 'text', text });
  }

  add(node: Inline): void {
    if (node.type === 'text') this.say(node.text);
    else this.#top.push(node);
  }

  finish(): Inline[] {
    while (this.#open.length > 0) this.#abandon();
    return this.#root;
  }

  /** Opens or closes what a run of signs means, or leaves it as text. */
  emphasise(text: string, at: number, run: number): void {
    const sign = text[at] ?? '';
    const sizes = sizesOf(sign, run);
    const before = text[at - 1] ?? ' ';
    const after = text[at + run] ?? ' ';
    // In the_middle_of a word and in 2*3*4 they mean themselves.
    const inside =
      sign === '_' ? LETTER.test(before) && LETTER.test(after) : /\d/.test(before) && /\d/.test(after);
    if (sizes.length === 0 || inside) return this.say(text.slice(at, at + run));
    let left = run;
    if (/\S/u.test(before)) {
      for (let size = this.#close(sign, left); size > 0; size = this.#close(sign, left)) left -= size;
    }
    const opens = /\S/u.test(after) && (/\s/u.test(before) || SIGN.test(before) || LETTER.test(after));
    for (const size of opens ? sizes : []) {
      if (size > left) continue;
      left -= size;
      const mark: Mark = sign === '~' ? 'strike' : size === 2 ? 'strong' : 'emphasis';
      // Of two that are open the newer one counts.
      while (this.#open.some((frame) => frame.mark === mark)) this.#abandon();
      this.#open.push({ mark, marker: sign.repeat(size), children: [] });
    }
    this.say(sign.repeat(left));
  }

  get #top(): Inline[] {
    return this.#open.at(-1)?.children ?? this.#root;
  }

  /** Closes the innermost emphasis that at most `most` of these signs can close; how many did, or 0. */
  #close(sign: string, most: number): number {
    const fits = ({ marker }: Frame) => marker[0] === sign && marker.length <= most;
    const at = this.#open.findLastIndex(fits);
    if (at < 0) return 0;
    while (this.#open.length - 1 > at) this.#abandon();
    const frame = this.#open.pop();
    if (!frame) return 0;
    // Signs with nothing between them are text.
    if (frame.children.length === 0) this.say(frame.marker.repeat(2));
    else this.#top.push({ type: frame.mark, children: frame.children });
    return frame.marker.length;
  }

  /** Nothing closes the innermost emphasis: its signs are text. */
  #abandon(): void {
    const frame = this.#open.pop();
    if (!frame) return;
    this.say(frame.marker);
    for (const child of frame.children) this.add(child);
  }
}

/** What a run of signs can open or close: one of these after the other. */
function sizesOf(sign: string, run: number): readonly number[] {
  if (sign === '~') return run === 2 ? [2] : [];
  if (sign !== '*' && sign !== '_') return [];
  return run === 3 ? [2, 1] : run < 3 ? [run] : [];
}
