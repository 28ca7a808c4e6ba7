import { closeSync, type Dirent, lstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** Shorter secrets turn up by chance. */
const SHORTEST_NEEDLE = 8;
const CHUNK = 8 * 1024 * 1024;

/** Secrets to look for, by a name for the report. */
export type Needles = Record<string, string | Uint8Array>;

export interface Leak {
  file: string;
  needle: string;
  form: string;
}

/**
 * Looks for secrets in files, and in all files below directories: in their names and contents; as they are, and in the
 * forms in which programs write bytes and text down.
 *
 * What was compressed or encrypted again is not found, nor what a database has split over several of its pages: needles
 * of a few dozen bytes are the most telling ones.
 */
export function findLeaks(places: string[], needles: Needles, chunk = CHUNK): Leak[] {
  const patterns = Object.entries(needles).flatMap(([needle, secret]) =>
    [...forms(needle, secret)].map(([bytes, form]) => ({
      needle,
      form,
      bytes: Buffer.from(bytes, 'latin1'),
    })),
  );
  if (patterns.length === 0) throw new Error('no needles to look for');
  const longest = Math.max(...patterns.map(({ bytes }) => bytes.length));

  const files = places.flatMap(filesBelow);
  if (files.length === 0) throw new Error(`nothing to search in ${places.join(', ')}`);
  return files.flatMap((file) => {
    const found = new Set<(typeof patterns)[number]>();
    for (const part of parts(file, chunk, longest)) {
      for (const pattern of patterns) if (part.includes(pattern.bytes)) found.add(pattern);
    }
    return [...found].map(({ needle, form }) => ({ file, needle, form }));
  });
}

/** Fails when any of the secrets is found. */
export function expectNoLeaks(places: string[], needles: Needles): void {
  const leaks = findLeaks(places, needles);
  if (leaks.length > 0) {
    throw new Error(leaks.map(({ file, needle, form }) => `${needle} is in ${file} (${form})`).join('\n'));
  }
}

/** Byte patterns (as Latin-1 strings, so that equal ones fall together) and what each of them is. */
function forms(name: string, secret: string | Uint8Array): Map<string, string> {
  const bytes = Buffer.from(secret);
  if (bytes.length < SHORTEST_NEEDLE) throw new Error(`${name} is too short to be looked for`);
  const forms = new Map<string, string>();
  const add = (form: string, pattern: Buffer | string) => {
    const key = Buffer.from(pattern).toString('latin1');
    if (!forms.has(key)) forms.set(key, form);
  };

  add('raw', bytes);
  if (typeof secret === 'string') {
    add('UTF-16', Buffer.from(secret, 'utf16le'));
    add('JSON string', JSON.stringify(secret).slice(1, -1));
    add('percent-encoded', encodeURIComponent(secret));
  }
  const hex = bytes.toString('hex');
  add('hex', hex);
  add('upper-case hex', hex.toUpperCase());
  // How Rust's Debug and JSON show bytes.
  add('list of numbers', [...bytes].join(', '));
  add('list of numbers', [...bytes].join(','));
  for (const before of [0, 1, 2]) {
    // What stands before and after the secret changes the digits that share bits with it: only the others are compared.
    const digits = Buffer.concat([Buffer.alloc(before), bytes]);
    const [first, end] = [Math.ceil((before * 8) / 6), Math.floor((digits.length * 8) / 6)];
    add(`base64, offset ${before}`, digits.toString('base64').slice(first, end));
    add(`base64url, offset ${before}`, digits.toString('base64url').slice(first, end));
  }
  return forms;
}

function filesBelow(place: string): string[] {
  if (lstatSync(place).isFile()) return [place];
  let entries: Dirent[] = [];
  try {
    entries = readdirSync(place, { withFileTypes: true });
  } catch (error) {
    ignoreVanished(error);
  }
  return entries.flatMap((entry) => {
    const path = join(place, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
}

/**
 * The name of a file, and its content in pieces that overlap, so that no pattern is lost between two of them. Each piece
 * lives in the same buffer and is gone when the next one is asked for.
 */
function* parts(file: string, chunk: number, longest: number): Generator<Buffer> {
  yield Buffer.from(file);
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    return ignoreVanished(error);
  }
  try {
    const buffer = Buffer.alloc(chunk + longest - 1);
    let kept = 0;
    for (;;) {
      const read = readSync(descriptor, buffer, kept, chunk, null);
      if (read === 0) return;
      const filled = kept + read;
      yield buffer.subarray(0, filled);
      kept = Math.min(longest - 1, filled);
      buffer.copyWithin(0, filled - kept, filled);
    }
  } finally {
    closeSync(descriptor);
  }
}

/** A running browser or relay removes files while they are being searched. */
function ignoreVanished(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
