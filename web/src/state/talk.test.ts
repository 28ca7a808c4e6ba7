import { expect, it } from 'vitest';
import { newestFirst } from './talk.svelte';

it('an author cannot claim that a later text was the first', () => {
  const versions = [
    { text: 'what was said', at: 5_000 },
    { text: 'dated back', at: 0 },
    { text: 'last', at: 4_000 },
  ];
  expect(newestFirst(versions).map(({ text }) => text)).toEqual(['last', 'dated back', 'what was said']);
});
