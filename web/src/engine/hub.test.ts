import { expect, test } from 'vitest';
import { room } from '../state/testing';
import type { Intent, Me, Notice } from './api';
import { Calls } from './calls';
import { Hub } from './hub';
import { Mirror } from './mirror';
import type { FromWorker } from './protocol';
import { MEMORY_MS } from './repeat';
import type { Call } from './tabs';

const me: Me = {
  account: 'me',
  username: 'mira',
  displayName: 'Mira',
  administrator: false,
  status: 'active',
  totp: true,
  recoveryCodesLeft: 10,
  guest: false,
};
const session = (account: Me | null): Notice => ({ type: 'session', me: account, reason: null });
const send = (text: string): Intent => ({
  type: 'send',
  room: 'r',
  text,
  reply: null,
  mentions: [],
  preview: null,
});

function hub() {
  const asked: Call[] = [];
  const told: [tab: string, message: FromWorker][] = [];
  const hub = new Hub({ ask: (call) => asked.push(call), tell: (tab, message) => told.push([tab, message]) });
  return { hub, asked, told };
}

function call(id: number, intent: Intent): Call {
  return { id, intent, token: `token ${id}`, again: false };
}

test('each tab gets the answers to what it asked itself, and all get the news', () => {
  const { hub: shared, asked, told } = hub();
  for (const tab of ['a', 'b']) shared.welcome(tab);
  shared.call('a', call(1, { type: 'sessions' }));
  shared.call('b', call(1, { type: 'contactLink' }));
  told.length = 0;
  const [first, second] = asked.map(({ id }) => id);
  shared.publish({ type: 'reply', id: second ?? 0, ok: { type: 'contactLink', link: 'l' } });
  shared.publish({ type: 'refused', id: first ?? 0, failure: { code: 'offline', message: '' } });
  expect(told.map(([tab, message]) => [tab, message.type, 'id' in message && message.id])).toEqual([
    ['b', 'reply', 1],
    ['a', 'refused', 1],
  ]);
  told.length = 0;
  shared.gone('a');
  shared.publish({ type: 'notices', notices: [session(me)] });
  expect(told.map(([tab]) => tab)).toEqual(['b']);
});

test('the numbers are wanted as long as one tab looks at them', () => {
  const { hub: shared, asked } = hub();
  for (const tab of ['a', 'b']) {
    shared.welcome(tab);
    shared.call(tab, call(1, { type: 'watchStatistics', on: true }));
  }
  shared.call('a', call(2, { type: 'watchStatistics', on: false }));
  shared.gone('b');
  const wanted = asked.map(({ intent }) => intent.type === 'watchStatistics' && intent.on);
  expect(wanted).toEqual([true, true, true, false]);
});

test('people are watched for all tabs together', () => {
  const { hub: shared, asked } = hub();
  for (const [tab, accounts] of [
    ['a', ['ann', 'bob']],
    ['b', ['bob', 'cid']],
    ['a', ['dan']],
  ] as const) {
    shared.welcome(tab);
    shared.call(tab, call(1, { type: 'watchPresence', accounts: [...accounts] }));
  }
  shared.gone('b');
  expect(asked.map(({ intent }) => intent.type === 'watchPresence' && intent.accounts)).toEqual([
    ['ann', 'bob'],
    ['bob', 'cid', 'ann'],
    ['dan', 'bob', 'cid'],
    ['dan'],
  ]);
});

test('the engine after it is told what still counts', () => {
  const { calls: open, asked, answers } = calls({ now: 1_000_000 });
  open.engine('first');
  for (const accounts of [['ann'], ['bob']]) open.add(1, { type: 'watchPresence', accounts });
  open.answered({ type: 'reply', id: 1, ok: { type: 'done' } });
  asked.length = 0;
  open.engine('second');
  expect(asked).toMatchObject([['second', { intent: { accounts: ['bob'] } }]]);
  open.answered({ type: 'reply', id: 0, ok: { type: 'done' } });
  expect(answers).toHaveLength(1);
});

test('who comes later hears how things are, and nothing of what is over', () => {
  const mirror = new Mirror();
  expect(mirror.notices()).toEqual([]);
  const connected: Notice = { type: 'connection', state: { type: 'connected' } };
  for (const notice of [
    connected,
    session(me),
    { type: 'connection', state: { type: 'connecting' } },
    { type: 'room', room: room('first') },
    { type: 'room', room: room('second') },
    { type: 'room', room: room('third') },
    { type: 'typing', room: 'first', account: 'ann' },
    { type: 'receipts', room: 'first', receipts: [{ account: 'ann', delivered: 2, read: 1 }] },
    { type: 'roomGone', room: 'first' },
    ...[1, 2].map((read): Notice => ({
      type: 'receipts',
      room: 'second',
      receipts: [{ account: 'ann', delivered: 2, read }],
    })),
    connected,
    { type: 'room', room: room('second', { unread: 3 }) },
  ] satisfies Notice[]) {
    mirror.receive(notice);
  }
  expect(mirror.notices()).toEqual([
    session(me),
    connected,
    { type: 'room', room: room('second', { unread: 3 }) },
    { type: 'room', room: room('third') },
    { type: 'receipts', room: 'second', receipts: [{ account: 'ann', delivered: 2, read: 2 }] },
  ]);
  mirror.receive(session(null));
  expect(mirror.notices()).toEqual([session(null)]);
});

/** Calls of one page; what is asked for and answered, in order. */
function calls(clock: { now: number }) {
  const asked: [engine: string, call: Call][] = [];
  const answers: FromWorker[] = [];
  const calls = new Calls(
    (engine, call) => asked.push([engine, call]),
    (answer) => answers.push(answer),
    () => clock.now,
  );
  return { calls, asked, answers };
}

test('what was open when the engine went is asked again, in order, where that does no harm', () => {
  const clock = { now: 1_000_000 };
  const { calls: open, asked, answers } = calls(clock);
  open.add(1, send('before there was an engine'));
  expect(asked).toEqual([]);
  open.engine('first');
  open.add(2, send('on its way'));
  open.add(3, { type: 'createRoom', name: 'Once' });
  open.add(4, { type: 'sessions' });
  open.answered({ type: 'reply', id: 1, ok: { type: 'done' } });
  open.interrupted();
  open.add(5, { type: 'createRoom', name: 'Asked of nobody yet' });
  asked.length = 0;
  open.engine('second');
  expect(asked.map(([engine, { id, again }]) => [engine, id, again])).toEqual([
    ['second', 2, true],
    ['second', 4, true],
    ['second', 5, false],
  ]);
  expect(answers).toMatchObject([
    { type: 'reply', id: 1 },
    { type: 'refused', id: 3, failure: { code: 'handed_over' } },
  ]);
  // The engine that was thought gone answers after all.
  open.answered({ type: 'reply', id: 2, ok: { type: 'done' } });
  open.answered({ type: 'reply', id: 2, ok: { type: 'done' } });
  expect(answers).toHaveLength(3);
});

test('a tab that slept for too long does not send again', () => {
  const clock = { now: 1_000_000 };
  const { calls: open, asked, answers } = calls(clock);
  open.engine('first');
  open.add(1, send('long ago'));
  clock.now += MEMORY_MS;
  asked.length = 0;
  open.engine('second');
  expect(asked).toEqual([]);
  expect(answers).toMatchObject([{ type: 'refused', id: 1, failure: { code: 'handed_over' } }]);
});
