import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import type { Intent, Item, Preview, Reaction, ReplyFor, Room, Target, Version } from '../engine/api';
import { isMessage, isUnheard, maySay, ownIn } from './rooms.svelte';

/** What is done with one message in a window of its own. */
export type TalkDialog =
  | { name: 'forward' | 'details' | 'history' | 'delete' | 'react'; room: Room; item: Item }
  | { name: 'poll' | 'pins'; room: Room }
  | { name: 'preview'; room: Room; link: string };

/** A message whose text is being changed. */
export interface Editing {
  item: Item;
  text: string;
}

type Attempt = <I extends Intent>(intent: I) => Promise<ReplyFor<I['type']> | null>;

/** What the person is about to say or do with messages, by room. */
export class Talk {
  readonly #attempt: Attempt;
  readonly #replying = new SvelteMap<string, Item>();
  readonly #editing = new SvelteMap<string, Editing>();
  readonly #previews = new SvelteMap<string, Preview>();
  /** Messages of people whom the account blocks that the person wanted to see, until the page goes. */
  readonly #shown = new SvelteSet<string>();
  dialog = $state.raw<TalkDialog | null>(null);

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
  }

  /** Whether a message is behind a line, because its author is blocked. */
  hides(room: Room, { sender, key }: { sender: string; key: string }): boolean {
    return isUnheard(room, sender) && !this.#shown.has(`${room.room}/${key}`);
  }

  /** The person wants to see it all the same. */
  unhide(room: string, key: string): void {
    this.#shown.add(`${room}/${key}`);
  }

  /** The message that is being answered. */
  replying(room: string): Item | null {
    return this.#replying.get(room) ?? null;
  }

  editing(room: string): Editing | null {
    return this.#editing.get(room) ?? null;
  }

  reply(room: string, item: Item): void {
    this.#editing.delete(room);
    this.#replying.set(room, item);
  }

  edit(room: string, item: Item): void {
    if (item.body.type !== 'text') return;
    this.#replying.delete(room);
    this.#editing.set(room, { item, text: item.body.text });
  }

  write(room: string, text: string): void {
    const editing = this.#editing.get(room);
    if (editing) this.#editing.set(room, { ...editing, text });
  }

  /** What the author says of a link that is being written. */
  preview(room: string, link: string | null): Preview | null {
    const preview = this.#previews.get(room);
    return preview && preview.url === link ? preview : null;
  }

  setPreview(room: string, preview: Preview | null): void {
    if (preview) this.#previews.set(room, preview);
    else this.#previews.delete(room);
  }

  /** Puts the answer or the change away. True if there was one. */
  stop(room: string): boolean {
    const replied = this.#replying.delete(room);
    return this.#editing.delete(room) || replied;
  }

  /**
   * A message is not there any more. Null when nobody was answering or changing it, otherwise what was written in its
   * place and is not to be lost.
   */
  gone(room: string, key: string): string | null {
    const { dialog } = this;
    if (dialog && 'item' in dialog && dialog.item.key === key) this.dialog = null;
    const editing = this.#editing.get(room);
    if (editing?.item.key === key) {
      this.#editing.delete(room);
      const { body } = editing.item;
      return body.type === 'text' && body.text === editing.text ? '' : editing.text;
    }
    if (this.#replying.get(room)?.key !== key) return null;
    this.#replying.delete(room);
    return '';
  }

  /** Adds or takes back the own reaction. */
  async react(room: Room, item: Item, emoji: string): Promise<void> {
    const target = targetOf(item);
    const me = ownIn(room);
    if (!target || me === null) return;
    const on = !item.reactions.some((one) => one.emoji === emoji && one.accounts.includes(me));
    await this.#attempt({ type: 'react', room: room.room, target, emoji, on });
  }

  async pin(room: Room, item: Item): Promise<void> {
    const target = targetOf(item);
    if (target) await this.#attempt({ type: 'pin', room: room.room, target, on: !item.pinned });
  }

  async remove(room: Room, item: Item): Promise<void> {
    const target = targetOf(item);
    if (target) await this.#attempt({ type: 'delete', room: room.room, target });
  }

  async vote(room: Room, item: Item, choices: number[]): Promise<void> {
    const target = targetOf(item);
    if (target) await this.#attempt({ type: 'vote', room: room.room, target, choices });
  }

  async closePoll(room: Room, item: Item): Promise<void> {
    const target = targetOf(item);
    if (target) await this.#attempt({ type: 'closePoll', room: room.room, target });
  }

  clear(): void {
    this.#replying.clear();
    this.#editing.clear();
    this.#previews.clear();
    this.#shown.clear();
    this.dialog = null;
  }
}

/** Names a message; nothing while it is on its way. */
export function targetOf(item: Item): Target | null {
  return item.seq == null ? null : { key: item.key, seq: item.seq };
}

/** Texts of a message as the engine has them: in the order of the log. The times are what their authors say. */
export function newestFirst(versions: readonly Version[]): Version[] {
  return versions.toReversed();
}

/** What the account may do with a message. */
export interface Rights {
  /** Answer, react, vote. */
  answer: boolean;
  edit: boolean;
  remove: boolean;
  pin: boolean;
  forward: boolean;
  report: boolean;
}

export function rightsTo(room: Room, item: Item): Rights {
  const there = item.seq != null && isMessage(item.body);
  const speaks = there && maySay(room);
  const role = room.people.find((person) => person.own)?.role;
  const moderates = role === 'owner' || role === 'moderator';
  const text = item.body.type === 'text';
  return {
    answer: speaks,
    edit: speaks && item.own && text,
    remove: speaks && (item.own || (moderates && room.peer == null)),
    pin: speaks && (moderates || room.peer != null),
    forward: there && text,
    report: there && text && !item.own,
  };
}

/** Reactions of at least one, those that most have chosen first; equal ones stay in the order of the first. */
export function sorted(reactions: readonly Reaction[]): Reaction[] {
  return reactions
    .filter(({ accounts }) => accounts.length > 0)
    .sort((a, b) => b.accounts.length - a.accounts.length);
}
