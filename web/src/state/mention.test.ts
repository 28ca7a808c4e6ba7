import { expect, it } from 'vitest';
import { begunAt, candidates, mentionedIn } from './mention';
import { person } from './testing';

const people = [
  person('me', { own: true, name: 'Me' }),
  person('1', { name: 'Mira Stone' }),
  person('2', { name: 'Jonas' }),
  person('3', { name: 'Émile Mirabeau' }),
  person('4', { name: 'Mira', role: 'former' }),
];

it('knows when somebody is being mentioned', () => {
  expect(begunAt('hello @mi', 9)).toEqual({ from: 6, typed: 'mi' });
  expect(begunAt('@', 1)).toEqual({ from: 0, typed: '' });
  expect(begunAt('(@Mira St and', 9)).toEqual({ from: 1, typed: 'Mira St' });
  for (const no of ['mira@example', '@ mira', '@mira\nand', 'mira', `@${'x'.repeat(60)}`]) {
    expect(begunAt(no, no.length), no).toBeNull();
  }
});

it('offers members by any word of their name', () => {
  const names = (typed: string) => candidates(people, typed).map(({ account }) => account);
  expect(names('mi')).toEqual(['1', '3']);
  expect(names('emi')).toEqual(['3']);
  expect(names('')).toEqual(['2', '1', '3']);
  expect(names('zoe')).toEqual([]);
});

it('finds who is mentioned, but not in code', () => {
  expect(mentionedIn('@Jonas and **@Mira Stone**: `@Émile Mirabeau`', people)).toEqual(['2', '1']);
  expect(mentionedIn('> - @Jonas\n- @Mira Stone', people)).toEqual(['2', '1']);
  expect(mentionedIn('```\n@Jonas\n```', people)).toEqual([]);
  expect(mentionedIn('@Mira and @Me', people)).toEqual(['me']);
});
