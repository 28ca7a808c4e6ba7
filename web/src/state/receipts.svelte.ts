import { SvelteMap } from 'svelte/reactivity';
import type { Person, Receipt, Room } from '../engine/api';

/** How far an own message has got: for all others of the room. */
export type Reached = 'sent' | 'delivered' | 'read';

/** Who has got and seen a message. */
export interface Readers {
  read: Person[];
  /** On their devices, and not seen as far as they tell. */
  delivered: Person[];
  /** Of them nothing is known. */
  others: Person[];
}

/** How far others have got in rooms, as far as they tell. */
export class Receipts {
  readonly #rooms = new SvelteMap<string, ReadonlyMap<string, Receipt>>();

  receive(room: string, receipts: readonly Receipt[]): void {
    const known = new Map(this.#rooms.get(room));
    for (const receipt of receipts) known.set(receipt.account, receipt);
    this.#rooms.set(room, known);
  }

  gone(room: string): void {
    this.#rooms.delete(room);
  }

  clear(): void {
    this.#rooms.clear();
  }

  /** How far all others have got with the message of this number: in a room of many, the slowest counts. */
  reached(room: Room, seq: number): Reached {
    const known = this.#rooms.get(room.room);
    if (!known) return 'sent';
    let reached: Reached = 'read';
    let others = 0;
    for (const person of room.people) {
      if (person.own || person.role === 'former') continue;
      others += 1;
      const receipt = known.get(person.account);
      if (!receipt || receipt.delivered < seq) return 'sent';
      if (receipt.read < seq) reached = 'delivered';
    }
    return others > 0 ? reached : 'sent';
  }

  /** Who has got and seen the message of this number, in the order of the room's people. */
  of(room: Room, seq: number): Readers {
    const known = this.#rooms.get(room.room);
    const readers: Readers = { read: [], delivered: [], others: [] };
    for (const person of room.people) {
      if (person.own || person.role === 'former') continue;
      const receipt = known?.get(person.account);
      if (receipt && receipt.read >= seq) readers.read.push(person);
      else if (receipt && receipt.delivered >= seq) readers.delivered.push(person);
      else readers.others.push(person);
    }
    return readers;
  }
}
