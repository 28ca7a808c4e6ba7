import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { expectNoLeaks, findLeaks } from './leaks.ts';

const TEXT = 'meet me at "Käfer" ?? at noon >>';
const KEY = Buffer.from('fbefbe00ff3f7fa1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f6071829', 'hex');
const NEEDLES = { text: TEXT, key: KEY };

let directory: string;
test.beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'waxwing-leaks-'));
  mkdirSync(join(directory, 'deep/deeper'), { recursive: true });
});
test.afterEach(() => rmSync(directory, { recursive: true }));

/** Writes a file with the planted bytes between random ones and expects the needle to be found in it. */
function expectFound(needle: 'text' | 'key', planted: Buffer | string, note: string): void {
  const file = join(directory, 'deep/deeper/file');
  writeFileSync(file, Buffer.concat([randomBytes(1000), Buffer.from(planted), randomBytes(1000)]));
  const found = findLeaks([directory], NEEDLES).map((leak) => `${leak.needle} in ${leak.file}`);
  expect(found, note).toEqual([`${needle} in ${file}`]);
  // Each size moves the borders between the pieces in which a file is read.
  for (const chunk of [1, 7, 64, 999, 1000, 1001]) {
    expect(findLeaks([directory], NEEDLES, chunk), `${note}, in pieces of ${chunk}`).toHaveLength(1);
  }
}

test('secrets are found in every form in which they may be written down', () => {
  for (const [needle, secret] of [
    ['text', Buffer.from(TEXT)],
    ['key', KEY],
  ] as const) {
    expectFound(needle, secret, 'raw');
    expectFound(needle, secret.toString('hex'), 'hex');
    expectFound(needle, secret.toString('hex').toUpperCase(), 'upper-case hex');
    expectFound(needle, JSON.stringify([...secret]), 'JSON array');
    expectFound(needle, `[${[...secret].join(', ')}]`, 'Debug of bytes');
  }
  expectFound('text', Buffer.from(TEXT, 'utf16le'), 'UTF-16');
  expectFound('text', JSON.stringify({ body: TEXT }), 'JSON');
  expectFound('text', `?q=${encodeURIComponent(TEXT)}`, 'URL');
});

test('secrets are found inside of longer base64, wherever they begin', () => {
  for (const [needle, secret] of [
    ['text', Buffer.from(TEXT)],
    ['key', KEY],
  ] as const) {
    for (let before = 0; before < 6; before++) {
      for (let after = 0; after < 4; after++) {
        const record = Buffer.concat([randomBytes(before), secret, randomBytes(after)]);
        for (const encoding of ['base64', 'base64url'] as const) {
          expectFound(needle, record.toString(encoding), `${encoding}, ${before} before, ${after} after`);
        }
      }
    }
  }
});

test('secrets are found in file names and in single files', () => {
  const log = join(directory, 'relay.log');
  writeFileSync(log, `room=${TEXT}\n`);
  writeFileSync(join(directory, `deep/${KEY.toString('hex')}.blob`), '');
  expect(findLeaks([log], NEEDLES)).toEqual([{ file: log, needle: 'text', form: 'raw' }]);
  expect(findLeaks([directory], NEEDLES)).toHaveLength(2);
  expect(() => expectNoLeaks([log], NEEDLES)).toThrow(`text is in ${log} (raw)`);
});

test('what is not there is not found', () => {
  writeFileSync(join(directory, 'deep/noise'), randomBytes(100_000));
  writeFileSync(join(directory, 'deep/almost'), TEXT.slice(1) + KEY.subarray(1).toString('base64'));
  expect(findLeaks([directory], NEEDLES)).toEqual([]);
  expectNoLeaks([directory], NEEDLES);
});

test('a search that cannot find anything is an error', () => {
  expect(() => findLeaks([join(directory, 'deep')], NEEDLES)).toThrow('nothing to search');
  expect(() => findLeaks([join(directory, 'missing')], NEEDLES)).toThrow('ENOENT');
  writeFileSync(join(directory, 'file'), 'content');
  expect(() => findLeaks([directory], {})).toThrow('no needles');
  expect(() => findLeaks([directory], { pin: '1234' })).toThrow('too short');
});
