import type { Page } from '@playwright/test';

/** A room that no test could fill message by message. */
export interface LongRoom {
  messages: number;
  /** Milliseconds that each page takes. */
  delay?: number;
}

export const LONG_ROOM = 'AAAAAAAAAAAAAAAAAAAAAA';
/** Message number `n` was written so many minutes after the first. */
export const APART_MINUTES = 10;
export const FIRST_AT = Date.UTC(2024, 0, 1, 12);

/**
 * Puts a worker in the place of the engine's that knows one room with as many messages as are wanted. Everything that
 * shows them is real; what cannot be had in reasonable time is a log of that length at a relay.
 */
export async function withLongRoom(page: Page, room: LongRoom): Promise<void> {
  await page.route(/\/assets\/worker-[^/]*\.js$/, async (route) => {
    const response = await route.fetch();
    const body = `(${engine.toString()})(${JSON.stringify({ ...room, id: LONG_ROOM, first: FIRST_AT, apart: APART_MINUTES * 60_000 })});`;
    await route.fulfill({ response, body });
  });
}

/** Runs in the worker; it may use nothing from outside. */
function engine(room: {
  messages: number;
  delay?: number;
  id: string;
  first: number;
  apart: number;
}): void {
  const WORDS = 'the harbour is quiet tonight and somebody left a lamp on at the end of the pier'.split(' ');
  const people = ['bWlyYQ', 'am9uYXM', 'em9l'].map((account, n) => ({
    account,
    name: ['Mira', 'Jonas', 'Zoë'][n],
    role: n === 0 ? 'owner' : 'member',
    own: n === 0,
    identity: { type: 'known' },
  }));
  const item = (seq: number) => {
    const length = 3 + ((seq * 7919) % 40);
    const words = Array.from({ length }, (_, i) => WORDS[(seq + i * 5) % WORDS.length]);
    const reply =
      seq % 11 === 0 && seq > 50
        ? { key: `k${seq - 40}`, seq: seq - 40, sender: 'am9uYXM', text: `number ${seq - 40}` }
        : null;
    return {
      key: `k${seq}`,
      seq,
      at: room.first + seq * room.apart,
      sender: people[(seq >> 2) % 3]?.account,
      own: (seq >> 2) % 3 === 0,
      body: { type: 'text', text: `number ${seq}: **${words[0]}** ${words.join(' ')}`, state: { type: 'sent' } },
      reply,
      mentions: [],
      forwarded: false,
      preview: null,
      edited: seq % 17 === 0 ? room.first + seq * room.apart + 1000 : null,
      reactions: seq % 9 === 0 ? [{ emoji: '👍', accounts: ['bWlyYQ', 'em9l'] }] : [],
      pinned: false,
    };
  };
  const range = (from: number, to: number) => {
    const [low, high] = [Math.max(1, from), Math.min(room.messages, to)];
    const items = Array.from({ length: Math.max(0, high - low + 1) }, (_, i) => item(low + i));
    return { type: 'timeline', items, more: low > 1, newer: high < room.messages };
  };
  const timeline = (page: { type: string; seq?: number; at?: number }, limit: number) => {
    const seq = page.seq ?? Math.max(1, Math.ceil(((page.at ?? 0) - room.first) / room.apart));
    if (page.type === 'newest') return range(room.messages - limit + 1, room.messages);
    if (page.type === 'before') return range(seq - limit, seq - 1);
    if (page.type === 'after') return range(seq + 1, seq + limit);
    return range(seq - limit / 2, seq + limit / 2);
  };
  const notices = [
    {
      type: 'session',
      me: {
        account: 'bWlyYQ',
        username: 'mira',
        displayName: 'Mira',
        administrator: false,
        status: 'active',
        totp: true,
        recoveryCodesLeft: 10,
      },
      reason: null,
    },
    { type: 'connection', state: { type: 'connected' } },
    {
      type: 'room',
      room: {
        room: room.id,
        name: 'A long story',
        topic: '',
        avatar: null,
        peer: null,
        history: 'all',
        invite: null,
        password: false,
        retention: 0,
        predecessor: null,
        successor: null,
        people,
        members: 3,
        last: item(room.messages),
        unread: 0,
        mentions: 0,
        read: room.messages,
        markedUnread: false,
        draft: '',
        muted: 0,
        notify: 'all',
        pinned: false,
        archived: false,
        syncing: false,
        trouble: null,
        confirmed: null,
        vouched: null,
      },
    },
  ];
  const post = (message: unknown) => (self as unknown as { postMessage(m: unknown): void }).postMessage(message);
  self.onmessage = ({ data }: MessageEvent) => {
    if (data.type !== 'call') return;
    const { intent, id } = data;
    const reply = (ok: unknown) => post({ type: 'reply', id, ok });
    if (intent.type === 'timeline') setTimeout(() => reply(timeline(intent.page, intent.limit)), room.delay ?? 0);
    else if (intent.type === 'pinned') reply({ type: 'timeline', items: [], more: false, newer: false });
    else if (intent.type === 'serverInfo') {
      const info = { version: '0', name: 'Long', setupRequired: false, registration: 'open', totp: 'optional' };
      reply({ type: 'serverInfo', ...info, sessions: 'multi' });
    } else reply({ type: 'done' });
  };
  post({ type: 'status', status: { type: 'ready' } });
  post({ type: 'notices', notices });
}
