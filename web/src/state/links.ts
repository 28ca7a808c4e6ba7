/** A piece of a text. */
export type Piece = { type: 'text'; text: string } | { type: 'link'; text: string; href: string };

const WEB = /https?:\/\/[^\s<>"'`\u2066-\u2069\u202A-\u202E]+/giu;

/** Finds the web addresses in a text without any markup. Only http and https become links. */
export function linkify(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(WEB)) {
    const candidate = withoutTail(match[0]);
    const target = safeAddress(candidate);
    if (target === null) continue;
    if (match.index > end) pieces.push({ type: 'text', text: text.slice(end, match.index) });
    pieces.push({ type: 'link', text: candidate, href: target.href });
    end = match.index + candidate.length;
  }
  if (end < text.length) pieces.push({ type: 'text', text: text.slice(end) });
  return pieces;
}

/** The first web address in a text, as it stands there. */
export function firstLink(text: string): string | null {
  return linkify(text).find((piece) => piece.type === 'link')?.text ?? null;
}

/**
 * Punctuation at the end of an address belongs to the sentence, a closing bracket only when it was opened inside. Looks
 * at each character twice at most.
 */
export function withoutTail(link: string): string {
  let open = 0;
  for (const sign of link) open += sign === '(' ? 1 : sign === ')' ? -1 : 0;
  let end = link.length;
  for (; end > 0; end--) {
    const last = link[end - 1] ?? '';
    if (last === ')' && open < 0) open += 1;
    else if (!/[.,;:!?\]}*_~]/.test(last)) break;
  }
  return link.slice(0, end);
}

/** Where a link leads, and what to show of it. */
export interface Target {
  href: string;
  /** Host of a web address, or the address of somebody's mail. */
  host: string;
}

/** An address that may become a link: of the web or of somebody's mail, without a name and a password inside. */
export function safeAddress(text: string): Target | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  if (url.protocol === 'mailto:') {
    // Nothing but the address: neither a subject nor copies that somebody else chose.
    const mail = url.pathname;
    return /^[\w.+-]+@[\w-]+(?:\.[\w-]+)+$/.test(mail) ? { href: `mailto:${mail}`, host: mail } : null;
  }
  const web = url.protocol === 'https:' || url.protocol === 'http:';
  const plain = url.hostname !== '' && url.username === '' && url.password === '';
  return web && plain ? { href: url.href, host: url.host } : null;
}
