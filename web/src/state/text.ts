/** Characters that turn the direction of text around; in a name they serve only deception. */
const BIDI_CONTROLS = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;
/** These two turn around letters that never run the other way: nobody needs them to write. */
const OVERRIDES = /[\u202D\u202E]/gu;
const RIGHT_TO_LEFT =
  /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;

/** A name without direction controls, line breaks and needless blanks. */
export function cleanName(name: string): string {
  return name.replace(BIDI_CONTROLS, '').replace(/\s+/gu, ' ').trim();
}

/** What somebody wrote, running the way that its letters run. */
export function withoutOverrides(text: string): string {
  return text.replace(OVERRIDES, '');
}

/** For comparing: whatever case and accents. */
export function folded(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLocaleLowerCase().trim();
}

/** A text that can stand inside a sentence without changing its direction. Plain left-to-right text needs nothing. */
export function isolate(text: string): string {
  return RIGHT_TO_LEFT.test(text)
    ? `\u2068${text.replace(BIDI_CONTROLS, '')}\u2069`
    : text.replace(BIDI_CONTROLS, '');
}

/** Whether a text runs from right to left: its first letter decides, as it does for `dir="auto"`. */
export function isRightToLeft(text: string): boolean {
  const letter = /\p{L}/u.exec(text)?.[0];
  return letter !== undefined && RIGHT_TO_LEFT.test(letter);
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** One or two characters that stand for a name. */
export function initials(name: string): string {
  const words = cleanName(name).split(' ').filter(Boolean);
  const letters = words.map(firstGrapheme).filter((grapheme) => grapheme !== '');
  if (letters.length === 0) return '?';
  const [first = '?', second] = letters;
  // An emoji is wide, and so are most letters outside the alphabets: one of them fills the circle.
  const alphabetic = (text: string) =>
    /^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{N}]/u.test(text);
  return second !== undefined && alphabetic(first) && alphabetic(second)
    ? (first + second).toLocaleUpperCase()
    : first.toLocaleUpperCase();
}

function firstGrapheme(word: string): string {
  const stripped = word.replace(/^[^\p{L}\p{N}\p{Extended_Pictographic}\p{Regional_Indicator}]+/u, '');
  return segmenter.segment(stripped)[Symbol.iterator]().next().value?.segment ?? '';
}

/** The text if it is one emoji, and nothing if it is something else: a picture that others chose is not trusted to be one. */
export function soleEmoji(text: string): string {
  return isEmojiOnly(text) && [...segmenter.segment(text)].length === 1 ? text : '';
}

/** How many colours there are for people and rooms. */
export const HUES = 10;

/** The colour that always belongs to this id. */
export function hueOf(id: string): number {
  // FNV-1a.
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  return ((hash ^ (hash >>> 15)) >>> 0) % HUES;
}

const ONLY_EMOJI = /^(?:\p{RGI_Emoji}|\s)+$/v;

/** Whether a text is one to three emoji and nothing else. */
export function isEmojiOnly(text: string): boolean {
  if (text.length > 60 || !ONLY_EMOJI.test(text)) return false;
  const graphemes = [...segmenter.segment(text.replace(/\s+/gu, ''))].length;
  return graphemes >= 1 && graphemes <= 3;
}

const encoder = new TextEncoder();

/** Length in UTF-8. */
export function byteLength(text: string): number {
  // Three bytes for each UTF-16 unit is the most there can be: short texts need no counting.
  return encoder.encode(text).length;
}
