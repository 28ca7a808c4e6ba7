import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Intent } from '../engine/api';
import { Drafts } from './drafts.svelte';
import { Presence } from './presence.svelte';
import { Receipts } from './receipts.svelte';
import { person, room, text } from './testing';

const people = [
  person('me', { own: true }),
  person('jonas'),
  person('noor'),
  person('gone', { role: 'former' }),
];

function heard() {
  const intents: Intent[] = [];
  return { intents, call: (intent: Intent) => Promise.resolve(intents.push(intent)) };
}

describe('receipts', () => {
  it('count the slowest of the others, and nobody who has gone', () => {
    const receipts = new Receipts();
    const harbour = room('r', { people });
    expect(receipts.reached(harbour, 5)).toBe('sent');
    receipts.receive('r', [{ account: 'jonas', delivered: 7, read: 7 }]);
    expect(receipts.reached(harbour, 5)).toBe('sent');
    receipts.receive('r', [{ account: 'noor', delivered: 6, read: 4 }]);
    expect(receipts.reached(harbour, 4)).toBe('read');
    expect(receipts.reached(harbour, 5)).toBe('delivered');
    expect(receipts.reached(harbour, 7)).toBe('sent');
    const names = (of: { account: string }[]) => of.map((one) => one.account);
    const { read, delivered, others } = receipts.of(harbour, 5);
    expect([names(read), names(delivered), names(others)]).toEqual([['jonas'], ['noor'], []]);
  });

  it('say nothing where nobody else is', () => {
    const receipts = new Receipts();
    receipts.receive('r', [{ account: 'gone', delivered: 7, read: 7 }]);
    expect(receipts.reached(room('r', { people: people.slice(0, 1) }), 1)).toBe('sent');
  });
});

describe('presence', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('shows who types until they are quiet or have said it', () => {
    const presence = new Presence(heard().call);
    presence.types('r', 'jonas');
    presence.types('r', 'noor');
    vi.advanceTimersByTime(4000);
    presence.types('r', 'jonas');
    vi.advanceTimersByTime(3000);
    expect(presence.typing('r')).toEqual(['jonas']);
    presence.said('r', [text('new', 1, { sender: 'jonas' })]);
    expect(presence.typing('r')).toEqual([]);
  });

  it('takes nothing that is told again for what was being typed', () => {
    const presence = new Presence(heard().call);
    presence.said('r', [text('before', 4, { sender: 'jonas' })]);
    presence.types('r', 'jonas', 5);
    presence.types('r', 'noor');
    presence.said('r', [text('before', 4, { sender: 'jonas' }), text('last', 5, { sender: 'jonas' })]);
    presence.said('r', [text('on its way', null, { sender: 'jonas' })]);
    expect(presence.typing('r')).toEqual(['jonas', 'noor']);
    presence.said('r', [text('new', 6, { sender: 'jonas' })]);
    expect(presence.typing('r')).toEqual(['noor']);
    presence.clear();
  });

  it('asks about those who are seen, once', () => {
    const { intents, call } = heard();
    const presence = new Presence(call);
    const rooms = [room('r', { people }), room('d', { peer: 'aicha' })];
    presence.watch(rooms, undefined);
    presence.watch(rooms, rooms[0]);
    presence.watch([...rooms].reverse(), rooms[0]);
    expect(intents).toEqual([
      { type: 'watchPresence', accounts: ['aicha'] },
      { type: 'watchPresence', accounts: ['aicha', 'jonas', 'noor'] },
    ]);
    presence.receive([{ account: 'jonas', online: true, lastSeen: null }]);
    expect(presence.here(rooms[0] ?? room('r'))).toBe(2);
  });
});

describe('drafts', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
  afterEach(() => void vi.useRealTimers());

  it('are kept a moment after the last key, and told when the person stops', () => {
    const { intents, call } = heard();
    const drafts = new Drafts(call);
    drafts.set('r', 'h');
    drafts.set('r', 'he');
    expect(intents).toEqual([{ type: 'typing', room: 'r' }]);
    vi.advanceTimersByTime(400);
    expect(intents.at(-1)).toEqual({ type: 'setDraft', room: 'r', text: 'he', done: false });
    drafts.flush('r');
    expect(intents.at(-1)).toEqual({ type: 'setDraft', room: 'r', text: 'he', done: true });
    drafts.flush('r');
    expect(intents).toHaveLength(3);
  });

  it('take what another session wrote, but not under the fingers', () => {
    const drafts = new Drafts(heard().call);
    drafts.receive(room('r', { draft: 'from elsewhere' }));
    expect(drafts.get('r')).toBe('from elsewhere');
    drafts.set('r', 'mine');
    drafts.receive(room('r', { draft: 'theirs' }));
    expect(drafts.get('r')).toBe('mine');
    vi.advanceTimersByTime(5000);
    drafts.receive(room('r', { draft: 'theirs' }));
    expect(drafts.get('r')).toBe('theirs');
  });
});
