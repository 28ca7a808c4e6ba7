import { describe as group, expect, it } from 'vitest';
import type { Body, Item } from '../engine/api';
import { describe, previewOf } from './describe';
import { I18n } from './i18n.svelte';
import { person, room, text } from './testing';

const i18n = new I18n(() => 'en', []);
const people = [
  person('me', { own: true, name: 'Mira' }),
  person('ann', { name: 'Ann' }),
  person('bob', { name: 'Bob' }),
  person('new', { name: '' }),
];
const r = room('r', { people });
const by = (sender: string, body: Body): Item => ({ ...text('k', 1), sender, own: sender === 'me', body });

group('sentences', () => {
  it.each<[string, Body, string]>([
    ['ann', { type: 'created' }, 'Ann created the room'],
    ['me', { type: 'created' }, 'You created the room'],
    ['ann', { type: 'joined', account: 'ann' }, 'Ann joined by link'],
    ['ann', { type: 'joined', account: 'bob' }, 'Ann added Bob'],
    ['ann', { type: 'joined', account: 'me' }, 'Ann added you'],
    ['me', { type: 'joined', account: 'bob' }, 'You added Bob'],
    ['new', { type: 'left', account: 'new' }, 'Somebody left'],
    ['ann', { type: 'left', account: 'bob' }, 'Ann removed Bob'],
    ['me', { type: 'left', account: 'me' }, 'You left'],
    ['ann', { type: 'settings', name: 'X\u202Ey', invite: true }, 'Ann named the room “Xy”'],
    ['me', { type: 'settings', name: null, invite: true }, 'You made an invite link'],
    ['ann', { type: 'settings', name: undefined, invite: false }, 'Ann changed the settings'],
    ['ann', { type: 'moved', room: 'r2' }, 'Ann moved this room to a new one'],
    ['ann', { type: 'warning', code: 'surprise' }, 'Something unexpected happened here (surprise).'],
  ])('by %s: %o', (sender, body, sentence) => {
    expect(describe(i18n, r, by(sender, body))).toBe(sentence);
  });

  it('has one for each warning that the client knows', () => {
    for (const code of [
      'unreadable',
      'forged',
      'fork',
      'refused_commit',
      'past_missing',
      'gap',
      'replay',
      'late',
    ]) {
      expect(describe(i18n, r, by('ann', { type: 'warning', code }))).not.toContain('unexpected');
    }
  });
});

it('previews on one line who said what', () => {
  const last = by('ann', { type: 'text', text: 'a\n\n  b', state: { type: 'sent' } });
  expect(previewOf(i18n, { ...r, last })).toBe('Ann: a b');
  expect(previewOf(i18n, { ...r, last: { ...last, sender: 'me', own: true } })).toBe('You: a b');
  expect(previewOf(i18n, r)).toBe('2 members');
});
