import { SvelteMap } from 'svelte/reactivity';
import type { Body, Item, Person, Room } from '../engine/api';
import type { Mentionable } from './inline';
import { cleanName, folded } from './text';

/** The account's rooms. */
export class Rooms {
  readonly #rooms = new SvelteMap<string, Room>();
  readonly #someone: () => string;
  filter = $state('');

  /** The person looks at what was put away. */
  archive = $state(false);

  /** What is pinned, then newest first; a room in which nothing was said yet is new. */
  readonly all: Room[] = $derived(
    [...this.#rooms.values()].sort(
      (a, b) => Number(b.pinned) - Number(a.pinned) || newest(b) - newest(a) || (a.room < b.room ? -1 : 1),
    ),
  );
  readonly archived: Room[] = $derived(this.all.filter((room) => room.archived && !isBlocked(room)));
  /**
   * Those that are in the list, without chats with whom one blocks; or all whose name contains the filter, whatever case
   * and accents.
   */
  readonly found: Room[] = $derived.by(() => {
    const wanted = folded(this.filter);
    if (wanted !== '') return this.all.filter((room) => folded(room.name).includes(wanted));
    const archive = this.archive && this.archived.length > 0;
    return this.all.filter((room) => room.archived === archive && !isBlocked(room));
  });

  /** There is nothing to list, but for what is looked for. */
  readonly empty: boolean = $derived(this.all.every(isBlocked) && folded(this.filter) === '');

  /** Unread messages of all rooms that are neither silent nor put away. */
  readonly unread: number = $derived(
    this.all.reduce((sum, room) => sum + (room.archived || !isLoud(room, Date.now()) ? 0 : room.unread), 0),
  );

  /** `someone` is what to call a chat with somebody who has no name yet. */
  constructor(someone: () => string = () => '') {
    this.#someone = someone;
  }

  get(id: string): Room | undefined {
    return this.#rooms.get(id);
  }

  receive(room: Room): void {
    const name = cleanName(room.name);
    this.#rooms.set(room.room, { ...room, name: name === '' ? this.#nameElsewhere(room.peer) : name });
  }

  /** Who has not said yet what they are called in a chat of two may have said so in another room. */
  #nameElsewhere(account: string | null | undefined): string {
    const known = [...this.#rooms.values()].map((room) => personIn(room, account ?? '')?.name ?? '');
    return cleanName(known.find((name) => name !== '') ?? '') || this.#someone();
  }

  gone(id: string): void {
    this.#rooms.delete(id);
  }

  clear(): void {
    this.#rooms.clear();
    this.archive = false;
    this.filter = '';
  }

  /** The room before or after another in the list; the first one when that is not in the list. */
  neighbour(id: string | null, step: 1 | -1): Room | undefined {
    const at = this.found.findIndex((room) => room.room === id);
    return at < 0 ? this.found[0] : this.found[at + step];
  }
}

/** Finite, so that two of them can be subtracted. */
function newest(room: Room): number {
  return room.last?.at ?? Number.MAX_SAFE_INTEGER;
}

/** The person with this account id. */
export function personIn(room: Room | undefined, account: string): Person | undefined {
  return room?.people.find((person) => person.account === account);
}

/** Whether it is a chat of two with somebody whom the account blocks. */
export function isBlocked(room: Room): boolean {
  return room.peer != null && isUnheard(room, room.peer);
}

/** Whether the account does not want to hear of somebody. */
export function isUnheard(room: Room | undefined, account: string): boolean {
  return personIn(room, account)?.blocked ?? false;
}

/** The account itself, as the room knows it. */
export function ownIn(room: Room | undefined): string | null {
  return room?.people.find((person) => person.own)?.account ?? null;
}

/** Those of the accounts that have a name here. */
export function mentionable(room: Room, accounts: readonly string[]): Mentionable[] {
  if (accounts.length === 0) return [];
  const wanted = new Set(accounts);
  return room.people
    .filter(({ account }) => wanted.has(account))
    .map(({ account, name }) => ({ account, name: cleanName(name) }));
}

/** Members of now, oneself first, then owners, then moderators, then by name. */
export function membersOf(room: Room, compare: (a: string, b: string) => number): Person[] {
  const order = ['owner', 'moderator', 'member', 'former'];
  const rank = (person: Person) => (person.own ? 0 : 1 + order.indexOf(person.role));
  return room.people
    .filter((person) => person.role !== 'former')
    .sort((a, b) => rank(a) - rank(b) || compare(a.name, b.name));
}

/** Everybody else that the account shares rooms with and hears of, once each, by name; `except` are left out. */
export function knownPeople(
  rooms: readonly Room[],
  compare: (a: string, b: string) => number,
  except: ReadonlySet<string> = new Set(),
): Person[] {
  const known = new Map<string, Person>();
  for (const person of rooms.flatMap((room) => room.people)) {
    const named = person.name !== '' || !known.has(person.account);
    const there = !person.own && !person.blocked && person.role !== 'former';
    if (there && named && !except.has(person.account)) {
      known.set(person.account, person);
    }
  }
  return [...known.values()].sort((a, b) => compare(a.name, b.name));
}

/** Whether the account may still speak in the room. */
export function maySpeak(room: Room): boolean {
  return room.trouble == null && !room.people.some((person) => person.own && person.role === 'former');
}

/** Whether it would reach anybody now: not while a request is open, nor with somebody who is blocked. */
export function maySay(room: Room): boolean {
  const blocked = room.peer != null && personIn(room, room.peer)?.blocked;
  return maySpeak(room) && !room.request && !blocked;
}

/** The first member who is not who they were, if there is one. */
export function changedIn(room: Room): Person | undefined {
  return room.people.find((person) => person.role !== 'former' && person.identity.type === 'changed');
}

/** What people say, as opposed to what happens. */
export type Message = Extract<Body, { type: 'text' | 'poll' }>;

export function isMessage(body: Body): body is Message {
  return body.type === 'text' || body.type === 'poll';
}

/** Whether an item is a message of somebody else. */
export function isForeignText(item: Item): boolean {
  return isMessage(item.body) && !item.own;
}

/** Whether a room is silent now. */
export function isMuted(room: Room, now: number): boolean {
  return room.muted > now;
}

/** Whether something is new in a room: unread, or marked as unread by hand. */
export function isUnread(room: Room): boolean {
  return room.unread > 0 || room.markedUnread;
}

/** Whether what is new is to catch the eye. */
export function isLoud(room: Room, now: number): boolean {
  if (room.mentions > 0 && room.notify !== 'nothing') return !isMuted(room, now);
  return room.notify === 'all' && !isMuted(room, now);
}
