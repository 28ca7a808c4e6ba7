import { describe, expect, it } from 'vitest';
import { Rooms, maySay, maySpeak, membersOf } from './rooms.svelte';
import { rightsTo } from './talk.svelte';
import { person, room, text } from './testing';

function filled(): Rooms {
  const rooms = new Rooms();
  rooms.receive(room('a', { name: 'Alpha', last: text('1', 1), unread: 2 }));
  rooms.receive(room('b', { name: 'Béta', last: text('2', 9), unread: 1 }));
  rooms.receive(room('c', { name: 'Gamma', last: text('0', 0) }));
  return rooms;
}

describe('rooms', () => {
  it('are listed newest first and move when something is said', () => {
    const rooms = filled();
    expect(rooms.all.map((each) => each.room)).toEqual(['b', 'a', 'c']);
    rooms.receive(room('c', { name: 'Gamma', last: text('3', 20) }));
    expect(rooms.all.map((each) => each.room)).toEqual(['c', 'b', 'a']);
    rooms.receive(room('new'));
    expect(rooms.all[0]?.room).toBe('new');
  });

  it('are found by name, whatever case and accents', () => {
    const rooms = filled();
    rooms.filter = ' BETA ';
    expect(rooms.found.map((each) => each.room)).toEqual(['b']);
    rooms.filter = 'zzz';
    expect(rooms.found).toEqual([]);
  });

  it('count what is unread', () => {
    const rooms = filled();
    expect(rooms.unread).toBe(3);
    rooms.gone('a');
    expect(rooms.unread).toBe(1);
  });

  it('know their neighbours', () => {
    const rooms = filled();
    expect(rooms.neighbour('b', 1)?.room).toBe('a');
    expect(rooms.neighbour('b', -1)).toBeUndefined();
    expect(rooms.neighbour(null, 1)?.room).toBe('b');
  });
});

it('lists members: oneself, owners, then by name, and no former ones', () => {
  const people = [
    person('z', { name: 'Zoe' }),
    person('b', { name: 'Ben' }),
    person('gone', { role: 'former' }),
    person('o', { name: 'Olga', role: 'owner' }),
    person('me', { own: true }),
  ];
  const names = membersOf(room('r', { people }), (a, b) => a.localeCompare(b)).map((each) => each.account);
  expect(names).toEqual(['me', 'o', 'b', 'z']);
});

it('knows who may not speak any more', () => {
  expect(maySpeak(room('r'))).toBe(true);
  expect(maySpeak(room('r', { people: [person('me', { own: true, role: 'former' })] }))).toBe(false);
  expect(maySpeak(room('r', { trouble: 'You are no longer a member of this room.' }))).toBe(false);
});

it('nothing is said where it would reach nobody', () => {
  expect(maySay(room('r'))).toBe(true);
  expect(maySay(room('r', { peer: 'ann' }))).toBe(true);
  expect(maySay(room('r', { peer: 'ann', request: true }))).toBe(false);
  const people = [person('me', { own: true }), person('ann', { blocked: true })];
  expect(maySay(room('r', { peer: 'ann', people }))).toBe(false);
  // In a group everybody else still hears it.
  expect(maySay(room('r', { people }))).toBe(true);
  expect(maySay(room('r', { trouble: 'shut' }))).toBe(false);
  const rights = rightsTo(room('r', { peer: 'ann', people }), text('a', 1, { own: true }));
  expect(rights).toMatchObject({ answer: false, edit: false, remove: false, pin: false, forward: true });
});

describe('how rooms are liked', () => {
  it('puts pinned ones first and archived ones away', () => {
    const rooms = filled();
    rooms.receive(room('c', { name: 'Gamma', last: text('0', 0), pinned: true }));
    rooms.receive(room('b', { name: 'Beta', last: text('2', 9), unread: 1, archived: true }));
    expect(rooms.found.map((each) => each.room)).toEqual(['c', 'a']);
    expect(rooms.archived.map((each) => each.room)).toEqual(['b']);
    rooms.filter = 'beta';
    expect(rooms.found.map((each) => each.room)).toEqual(['b']);
    rooms.filter = '';
    rooms.archive = true;
    expect(rooms.found.map((each) => each.room)).toEqual(['b']);
  });

  it('counts what is neither silent nor put away', () => {
    const rooms = filled();
    expect(rooms.unread).toBe(3);
    rooms.receive(room('a', { last: text('1', 1), unread: 2, muted: 9_999_999_999_999 }));
    expect(rooms.unread).toBe(1);
    rooms.receive(room('b', { last: text('2', 9), unread: 1, notify: 'mentions' }));
    expect(rooms.unread).toBe(0);
    rooms.receive(room('b', { last: text('2', 9), unread: 1, mentions: 1, notify: 'mentions' }));
    expect(rooms.unread).toBe(1);
  });
});

it('calls who is silent in a chat of two as elsewhere', () => {
  const rooms = new Rooms();
  rooms.receive(room('group', { people: [person('ann', { name: 'Ann' })] }));
  rooms.receive(room('two', { name: '', peer: 'ann', people: [person('ann', { name: '' })] }));
  rooms.receive(room('stranger', { name: '', peer: 'bob' }));
  expect(rooms.get('two')?.name).toBe('Ann');
  expect(rooms.get('stranger')?.name).toBe('');
});
