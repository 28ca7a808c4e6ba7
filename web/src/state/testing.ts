import type { Intent, Item, Notice, Person, ReplyFor, Room } from '../engine/api';
import { CallFailure, type EngineClient } from '../engine/client';
import type { EngineStatus } from '../engine/protocol';

/** An engine that tests script: it records the intents and answers them by hand. */
export class ScriptedEngine implements EngineClient {
  readonly intents: Intent[] = [];
  readonly #open: { resolve(reply: unknown): void; reject(failure: Error): void }[] = [];
  #notice: (notice: Notice) => void = () => undefined;
  #snapshot: (notices: Notice[]) => void = () => undefined;
  #status: (status: EngineStatus) => void = () => undefined;
  takenOver = 0;

  call<I extends Intent>(intent: I): Promise<ReplyFor<I['type']>> {
    this.intents.push(intent);
    return new Promise((resolve, reject) => {
      this.#open.push({ resolve: resolve as (reply: unknown) => void, reject });
    });
  }

  onNotice(listener: (notice: Notice) => void): void {
    this.#notice = listener;
  }

  onSnapshot(listener: (notices: Notice[]) => void): void {
    this.#snapshot = listener;
  }

  onStatus(listener: (status: EngineStatus) => void): void {
    this.#status = listener;
  }

  takeOver(): void {
    this.takenOver += 1;
  }

  notify(notice: Notice): void {
    this.#notice(notice);
  }

  resume(notices: Notice[]): void {
    this.#snapshot(notices);
  }

  say(status: EngineStatus): void {
    this.#status(status);
  }

  /** Answers the oldest intent that waits. */
  async reply(reply: unknown): Promise<void> {
    this.#open.shift()?.resolve(reply);
    await settled();
  }

  async fail(code: string, message = ''): Promise<void> {
    this.#open.shift()?.reject(new CallFailure({ code, message }));
    await settled();
  }
}

export const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

export function person(account: string, over: Partial<Person> = {}): Person {
  return {
    account,
    name: account,
    role: 'member',
    own: false,
    identity: { type: 'known' },
    blocked: false,
    ...over,
  };
}

export function room(id: string, over: Partial<Room> = {}): Room {
  return {
    room: id,
    name: id,
    topic: '',
    peer: null,
    request: false,
    avatar: null,
    history: 'all',
    retention: 0,
    invite: null,
    password: false,
    predecessor: null,
    successor: null,
    people: [person('me', { own: true, role: 'owner' }), person('ann')],
    members: 2,
    last: null,
    unread: 0,
    mentions: 0,
    read: 0,
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
    ...over,
  };
}

export function text(key: string, seq: number | null, over: Partial<Item> = {}): Item {
  return {
    key,
    seq,
    at: (seq ?? 1000) * 1000,
    sender: 'ann',
    own: false,
    body: { type: 'text', text: key, state: { type: 'sent' } },
    reply: null,
    mentions: [],
    forwarded: false,
    preview: null,
    edited: null,
    reactions: [],
    pinned: false,
    ...over,
  };
}

export function memoryStorage(entries: Record<string, string> = {}) {
  const map = new Map(Object.entries(entries));
  return {
    getItem: (key: string) => map.get(key) ?? null,
    setItem: (key: string, value: string) => void map.set(key, value),
    removeItem: (key: string) => void map.delete(key),
    map,
  };
}

/** A window with an address bar and storage, without a document. */
export function fakeWindow(hash = '') {
  let changed = () => undefined as void;
  const session = memoryStorage();
  const local = memoryStorage();
  const window = {
    location: { hash },
    history: {
      replaceState: (_data: unknown, _unused: string, url: string) => void (window.location.hash = url),
      back: () => undefined,
    },
    sessionStorage: session,
    localStorage: local,
    navigator: { languages: ['en-GB'], userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Chrome/141.0' },
    addEventListener: (_type: 'hashchange', listener: () => void) => void (changed = listener),
    /** As if the person had typed an address. */
    visit(next: string) {
      window.location.hash = next;
      changed();
    },
  };
  return window;
}
