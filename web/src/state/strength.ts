/** Shortest password that the client takes, in characters. */
export const PASSWORD_CHARS_MIN = 10;

/** 0 too short, 1 weak, 2 fair, 3 good, 4 strong. */
export type Strength = 0 | 1 | 2 | 3 | 4;

const COMMON = [
  'password',
  'passwort',
  'kennwort',
  'qwerty',
  'qwertz',
  'azerty',
  'asdf',
  'letmein',
  'welcome',
  'willkommen',
  'iloveyou',
  'admin',
  'login',
  'monkey',
  'dragon',
  'sunshine',
  'princess',
  'football',
  'fussball',
  'baseball',
  'master',
  'shadow',
  'superman',
  'batman',
  'michael',
  'hallo',
  'hello',
  'secret',
  'geheim',
  'schatz',
  'changeme',
  'trustno',
  'whatever',
  'waxwing',
  'abc',
  'test',
  'sommer',
  'summer',
  'winter',
  'love',
  'liebe',
  'god',
  'pass',
];
const ROWS = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  'qwertyuiop',
  'qwertzuiop',
  'asdfghjkl',
  'yxcvbnm',
  'zxcvbnm',
];
const LEET: Record<string, string> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
};

/**
 * A rough estimate, in bits, of the guesses that a patient attacker needs. It replaces what is easy to guess (common
 * words, the person's own names, rows of keys, repetitions, years) by a few bits and counts the rest by its alphabet.
 * It tends to be too low for phrases of several words, never promises more than four steps, and leaves the device never.
 */
export function estimateBits(password: string, own: readonly string[] = []): number {
  let rest = password.toLowerCase();
  let bits = 0;
  const take = (part: string, cost: number) => {
    if (!rest.includes(part)) return;
    bits += cost * (rest.split(part).length - 1 > 1 ? 1.3 : 1);
    rest = rest.split(part).join('\u0000');
  };
  const plain = [...rest].map((char) => LEET[char] ?? char).join('');
  if (COMMON.some((word) => word.length > 3 && plain.includes(word) && !rest.includes(word))) {
    rest = plain;
    bits += 2;
  }
  for (const word of own.flatMap((name) => name.toLowerCase().split(/[\s._-]+/u)))
    if (word.length > 2) take(word, 1);
  for (const word of [...COMMON].sort((a, b) => b.length - a.length)) take(word, 6);
  for (const run of runs(rest)) take(run, 4);
  rest = rest.replace(/(?:19|20)\d\d/g, () => ((bits += 6), '\u0000'));
  rest = rest.replace(/(.{1,8}?)\1{1,}/gu, (_, unit: string) => ((bits += 2), unit));
  const left = rest.replaceAll('\u0000', '');
  return bits + [...left].length * Math.log2(alphabet(left)) + (/[A-Z]/.test(password) && left ? 1.5 : 0);
}

/** How strong a password is; `own` are texts that belong to the person, such as the username. */
export function strengthOf(password: string, own: readonly string[] = []): Strength {
  if ([...password].length < PASSWORD_CHARS_MIN) return 0;
  const bits = estimateBits(password, own);
  if (bits < 36) return 1;
  if (bits < 50) return 2;
  return bits < 66 ? 3 : 4;
}

/** Pieces of at least three neighbours on a keyboard or in an alphabet, forwards or backwards. */
function runs(text: string): string[] {
  const found: string[] = [];
  for (const row of [...ROWS, ...ROWS.map((forward) => [...forward].reverse().join(''))]) {
    for (let start = 0; start < text.length - 2; start++) {
      let length = 0;
      while (start + length < text.length && row.includes(text.slice(start, start + length + 1))) length += 1;
      if (length >= 3) found.push(text.slice(start, start + length));
    }
  }
  return found.sort((a, b) => b.length - a.length);
}

function alphabet(text: string): number {
  let size = 0;
  if (/[a-z]/.test(text)) size += 26;
  if (/\d/.test(text)) size += 10;
  if (/ /.test(text)) size += 1;
  if (/[^a-z0-9 ]/u.test(text)) size += /[^\x20-\x7e]/u.test(text) ? 60 : 32;
  // Words and names are far from random letters: count a letter less than a random one.
  return Math.max(2, size <= 27 && size >= 26 ? 14 : size);
}
