import { SvelteMap } from 'svelte/reactivity';
import type { Intent, Room } from '../engine/api';

/** Wait after a key before the engine is told: it stores every change. */
const SAVE_MS = 400;
/** The engine is told that somebody types no more often than this. */
const TYPING_MS = 2500;
/** What comes from another session waits while somebody types here. */
const MINE_MS = 4000;

/**
 * Texts that were begun and not sent, by room. The engine keeps them, sealed, for all sessions of the account; here is what
 * the person sees while typing.
 */
export class Drafts {
  readonly #call: (intent: Intent) => Promise<unknown>;
  readonly #texts = new SvelteMap<string, string>();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  /** When a room's text was last changed here. */
  readonly #changedAt = new Map<string, number>();
  #typedAt = 0;

  constructor(call: (intent: Intent) => Promise<unknown>) {
    this.#call = call;
  }

  get(room: string): string {
    return this.#texts.get(room) ?? '';
  }

  set(room: string, text: string): void {
    if (text === this.get(room)) return;
    this.#show(room, text);
    const now = Date.now();
    this.#changedAt.set(room, now);
    if (text.trim() !== '' && now - this.#typedAt >= TYPING_MS) {
      this.#typedAt = now;
      this.#call({ type: 'typing', room }).catch(() => {});
    }
    clearTimeout(this.#timers.get(room));
    this.#timers.set(
      room,
      setTimeout(() => this.#save(room, false), SAVE_MS),
    );
  }

  /** The person has stopped writing here: other sessions are told at once. */
  flush(room: string): void {
    if (this.#changedAt.delete(room)) this.#save(room, true);
  }

  /** The page may go away. */
  flushAll(): void {
    for (const room of [...this.#changedAt.keys()]) this.flush(room);
  }

  /** A room as the engine has it; another session may have written on. */
  receive(room: Room): void {
    const mine = Date.now() - (this.#changedAt.get(room.room) ?? 0) < MINE_MS;
    if (!mine && !this.#timers.has(room.room)) this.#show(room.room, room.draft);
  }

  clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#changedAt.clear();
    this.#texts.clear();
  }

  #show(room: string, text: string): void {
    if (text === '') this.#texts.delete(room);
    else this.#texts.set(room, text);
  }

  #save(room: string, done: boolean): void {
    clearTimeout(this.#timers.get(room));
    this.#timers.delete(room);
    // What cannot be kept is still in the field.
    this.#call({ type: 'setDraft', room, text: this.get(room), done }).catch(() => {});
  }
}
