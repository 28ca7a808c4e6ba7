import { describe, expect, it } from 'vitest';
import type { Contact } from '../engine/api';
import { Contacts, contactName, everybody, matching } from './contacts.svelte';
import { isBlocked, knownPeople, Rooms } from './rooms.svelte';
import { Talk } from './talk.svelte';
import { person, room, ScriptedEngine, settled, text } from './testing';

function contact(account: string, over: Partial<Contact> = {}): Contact {
  return {
    account,
    name: account,
    username: null,
    identity: { type: 'known' },
    blocked: false,
    room: null,
    ...over,
  };
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('contacts', () => {
  it('are asked for while somebody looks, and again once when rooms change', async () => {
    const engine = new ScriptedEngine();
    const contacts = new Contacts(engine);
    contacts.stale();
    await wait(350);
    expect(engine.intents).toEqual([]);
    const leave = contacts.look();
    await engine.reply({ contacts: [contact('ann'), contact('bob', { blocked: true })] });
    expect(contacts.talking.map((one) => one.account)).toEqual(['ann']);
    expect(contacts.blocked.map((one) => one.account)).toEqual(['bob']);
    contacts.stale();
    contacts.stale();
    await wait(350);
    expect(engine.intents).toHaveLength(2);
    await engine.reply({ contacts: [] });
    expect(contacts.all).toEqual([]);
    leave();
    contacts.stale();
    await wait(350);
    expect(engine.intents).toHaveLength(2);
  });

  it('forget what comes for the account before', async () => {
    const engine = new ScriptedEngine();
    const contacts = new Contacts(engine);
    contacts.look();
    contacts.clear();
    await engine.reply({ contacts: [contact('ann')] });
    await settled();
    expect(contacts.all).toBeNull();
  });

  it('are found by name and by username', () => {
    const all = [
      contact('1', { name: 'Zoë', username: 'kara' }),
      contact('2', { name: '', username: 'jonas' }),
    ];
    expect(matching(all, 'zoe').map((one) => one.account)).toEqual(['1']);
    expect(matching(all, ' @kar').map((one) => one.account)).toEqual(['1']);
    expect(matching(all, 'jonas').map((one) => one.account)).toEqual(['2']);
    expect(all.map(contactName)).toEqual(['Zoë', 'jonas']);
  });

  it('stand in one list with people from rooms, once each', () => {
    const people = [person('ann', { name: 'Ann' }), person('bob', { name: 'Bob' })];
    const all = everybody([contact('bob', { name: '', username: 'b' }), contact('zoe')], people, compare);
    expect(all.map(contactName)).toEqual(['Ann', 'Bob', 'zoe']);
  });
});

it('calls a chat with somebody who has no name yet by a word', () => {
  const rooms = new Rooms(() => 'Somebody');
  rooms.receive(room('d', { name: '', peer: 'ann', people: [person('ann', { name: '' })] }));
  expect(rooms.get('d')?.name).toBe('Somebody');
});

describe('who is blocked', () => {
  const blocked = person('ann', { blocked: true });
  const direct = room('d', { peer: 'ann', people: [person('me', { own: true }), blocked] });

  it('is put away with the chat, and is found by looking for it', () => {
    const rooms = new Rooms();
    rooms.receive(direct);
    rooms.receive(room('g'));
    rooms.receive({ ...direct, room: 'e', archived: true });
    expect(isBlocked(direct)).toBe(true);
    expect(rooms.found.map((one) => one.room)).toEqual(['g']);
    expect(rooms.archived).toEqual([]);
    rooms.filter = 'd';
    expect(rooms.found.map((one) => one.room).sort()).toEqual(['d', 'e']);
    rooms.filter = '';
    rooms.receive({ ...direct, people: [person('me', { own: true }), person('ann')] });
    expect(rooms.found.map((one) => one.room).sort()).toEqual(['d', 'g']);
  });

  it('leaves nothing in the list, and the list says so', () => {
    const rooms = new Rooms();
    expect(rooms.empty).toBe(true);
    rooms.receive(direct);
    expect(rooms.empty).toBe(true);
    rooms.filter = 'd';
    expect(rooms.empty).toBe(false);
    rooms.filter = '';
    rooms.receive(room('g'));
    expect(rooms.empty).toBe(false);
  });

  it('is nobody to talk to', () => {
    expect(knownPeople([direct, room('g', { people: [blocked] })], compare)).toEqual([]);
  });

  it('writes behind a line that can be opened', () => {
    const talk = new Talk(() => Promise.resolve(null));
    const group = room('g', { people: [person('me', { own: true }), blocked, person('bob')] });
    expect(talk.hides(group, text('1', 1))).toBe(true);
    expect(talk.hides(group, text('2', 2, { sender: 'bob' }))).toBe(false);
    talk.unhide('g', '1');
    expect(talk.hides(group, text('1', 1))).toBe(false);
    expect(talk.hides(group, text('3', 3))).toBe(true);
    talk.clear();
    expect(talk.hides(group, text('1', 1))).toBe(true);
  });
});
