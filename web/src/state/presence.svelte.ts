import { SvelteMap } from 'svelte/reactivity';
import type { Intent, Item, Presence as Told, Room } from '../engine/api';
import { isBlocked } from './rooms.svelte';

/** How long somebody is shown as typing after they were heard: clients tell it every three seconds. */
const TYPING_MS = 6000;
/** Whom the relay tells about at once. */
const WATCHED = 200;

/** Who is there, and who is typing where. */
export class Presence {
  readonly #call: (intent: Intent) => Promise<unknown>;
  readonly #people = new SvelteMap<string, Told>();
  /** Accounts that are typing, by room. */
  readonly #typing = new SvelteMap<string, readonly string[]>();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  /** The highest number that was heard of, by room: what is told above it is new. */
  readonly #tops = new Map<string, number>();
  #watched = '';

  constructor(call: (intent: Intent) => Promise<unknown>) {
    this.#call = call;
  }

  receive(people: readonly Told[]): void {
    for (const person of people) this.#people.set(person.account, person);
  }

  /** What is known of somebody. */
  of(account: string | null | undefined): Told | undefined {
    return account == null ? undefined : this.#people.get(account);
  }

  online(account: string | null | undefined): boolean {
    return this.of(account)?.online ?? false;
  }

  /** Members of a room who are there, oneself included. */
  here(room: Room): number {
    const members = room.people.filter((person) => person.role !== 'former');
    return members.filter((person) => person.own || this.online(person.account)).length;
  }

  /** Who is typing in a room. */
  typing(room: string): readonly string[] {
    return this.#typing.get(room) ?? [];
  }

  /** `last` is the number of the last item in the room. */
  types(room: string, account: string, last = 0): void {
    this.#tops.set(room, Math.max(this.#tops.get(room) ?? 0, last));
    const key = `${room}/${account}`;
    clearTimeout(this.#timers.get(key));
    const timer = setTimeout(() => this.#stopped(room, account), TYPING_MS);
    this.#timers.set(key, timer);
    if (!this.typing(room).includes(account)) this.#typing.set(room, [...this.typing(room), account]);
  }

  /** They said what they were typing. What is told again, because something was said about it, is not that. */
  said(room: string, items: readonly Item[]): void {
    const top = this.#tops.get(room) ?? 0;
    for (const { seq, sender } of items) {
      if (seq == null || seq <= top) continue;
      this.#stopped(room, sender);
      this.#tops.set(room, Math.max(this.#tops.get(room) ?? 0, seq));
    }
  }

  #stopped(room: string, account: string): void {
    const key = `${room}/${account}`;
    clearTimeout(this.#timers.get(key));
    if (!this.#timers.delete(key)) return;
    const left = this.typing(room).filter((other) => other !== account);
    if (left.length > 0) this.#typing.set(room, left);
    else this.#typing.delete(room);
  }

  /** Asks about those who are seen: the others of rooms of two, and members of the open room. */
  watch(rooms: readonly Room[], open: Room | undefined): void {
    const peers = rooms
      .filter((room) => !room.request && !isBlocked(room))
      .flatMap((room) => room.peer ?? []);
    const members = open?.people.filter((one) => !one.own && !one.blocked && one.role !== 'former') ?? [];
    const seen = new Set([...members.slice(0, WATCHED / 2).map((person) => person.account), ...peers]);
    const accounts = [...seen].slice(0, WATCHED).sort();
    const key = accounts.join(' ');
    if (key === this.#watched) return;
    this.#watched = key;
    // Of others nothing is heard any more.
    for (const account of [...this.#people.keys()]) {
      if (!accounts.includes(account)) this.#people.delete(account);
    }
    // Courtesy only: without an answer nobody is shown as being there.
    this.#call({ type: 'watchPresence', accounts }).catch(() => {});
  }

  /** The account does not tell when it is there, and is told of nobody. */
  hide(): void {
    this.#people.clear();
  }

  clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#typing.clear();
    this.#tops.clear();
    this.#people.clear();
    this.#watched = '';
  }
}
