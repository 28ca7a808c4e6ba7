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
const settings = (over: Partial<Extract<Body, { type: 'settings' }>>): Body => ({
  type: 'settings',
  name: null,
  topic: null,
  avatar: false,
  invite: false,
  history: null,
  retention: null,
  ...over,
});
const by = (sender: string, body: Body): Item => ({ ...text('k', 1), sender, own: sender === 'me', body });

group('sentences', () => {
  it.each<[string, Body, string]>([
    ['ann', { type: 'created' }, 'Ann created the room'],
    ['me', { type: 'created' }, 'You created the room'],
    ['ann', { type: 'joined', account: 'ann' }, 'Ann joined'],
    ['ann', { type: 'joined', account: 'bob' }, 'Ann added Bob'],
    ['ann', { type: 'joined', account: 'me' }, 'Ann added you'],
    ['me', { type: 'joined', account: 'bob' }, 'You added Bob'],
    ['new', { type: 'left', account: 'new' }, 'Somebody left'],
    ['ann', { type: 'left', account: 'bob' }, 'Ann removed Bob'],
    ['me', { type: 'left', account: 'me' }, 'You left'],
    ['ann', settings({ name: 'X\u202Ey', invite: true }), 'Ann named the room “Xy”'],
    ['me', settings({ invite: true }), 'You changed how people can join'],
    ['ann', settings({ topic: 'Boats' }), 'Ann set the topic: Boats'],
    ['me', settings({ topic: '' }), 'You took the topic away'],
    ['ann', settings({ retention: 604_800 }), 'Ann lets messages disappear after 1 week'],
    ['me', settings({ retention: 0 }), 'You let messages stay'],
    ['ann', settings({ history: 'fromJoin' }), 'Ann lets new members read only what is said after they join'],
    ['ann', settings({ avatar: true }), 'Ann changed the picture of the room'],
    ['ann', { type: 'role', account: 'bob', role: 'moderator' }, 'Ann made Bob a moderator'],
    ['ann', { type: 'role', account: 'me', role: 'owner' }, 'Ann made you an owner'],
    ['me', { type: 'role', account: 'bob', role: 'member' }, 'You made Bob a plain member'],
    ['ann', { type: 'named', before: 'Anna', name: 'Ann' }, 'Anna is now called Ann'],
    ['ann', settings({}), 'Ann changed the settings'],
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
