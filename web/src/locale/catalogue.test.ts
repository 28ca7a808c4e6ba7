import { describe, expect, it } from 'vitest';
import { CATALOGUES, LANGUAGES, type Key } from './catalogue';

const keys = Object.keys(CATALOGUES.en) as Key[];
const forms = (message: string | { one: string; other: string }) =>
  typeof message === 'string' ? [message] : [message.one, message.other];
const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

it('areas do not take each other their keys', () => {
  const areas = import.meta.glob<Record<string, object>>('./en/*.ts', { eager: true });
  const all = Object.values(areas).flatMap((area) =>
    Object.values(area).flatMap((part) => Object.keys(part)),
  );
  expect(all.length).toBeGreaterThan(400);
  expect(all.filter((key, at) => all.indexOf(key) !== at)).toEqual([]);
});

describe.each(LANGUAGES)('messages in %s', (language) => {
  const catalogue = CATALOGUES[language];

  it('are complete and have no leftovers', () => {
    expect(Object.keys(catalogue).sort()).toEqual([...keys].sort());
  });

  it('have text in every form', () => {
    for (const key of keys) for (const form of forms(catalogue[key])) expect(form.trim(), key).not.toBe('');
  });

  it('use the placeholders of the original', () => {
    for (const key of keys) {
      const [original] = forms(CATALOGUES.en[key]).slice(-1);
      for (const form of forms(catalogue[key]).slice(-1)) {
        expect(placeholders(form), key).toEqual(placeholders(original ?? ''));
      }
    }
  });
});
