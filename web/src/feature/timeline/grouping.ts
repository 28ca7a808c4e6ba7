import type { Item } from '../../engine/api';
import { isMessage } from '../../state/rooms.svelte';

/** Messages of one person further apart than this stand for themselves. */
const APART_MS = 5 * 60_000;

/** How an item stands to its neighbours. */
export interface Placement {
  /** The first item of a day, which gets a heading. */
  day: boolean;
  /** The first of a group: a message then carries the name. */
  first: boolean;
  /** The last of a group: a message then carries the picture. */
  last: boolean;
}

/**
 * Derived from the neighbours alone, so that a row costs the same however long the timeline is. The line above the first
 * unread message parts a group as a day does.
 */
export function placementOf(
  previous: Item | undefined,
  item: Item,
  next: Item | undefined,
  firstUnread: string | null = null,
): Placement {
  const day = !previous || !sameDay(previous.at, item.at);
  return {
    day,
    first: day || !previous || item.key === firstUnread || !together(previous, item),
    last: !next || !sameDay(item.at, next.at) || next.key === firstUnread || !together(item, next),
  };
}

function together(a: Item, b: Item): boolean {
  // Notices stand together, whoever caused them.
  if (!isMessage(a.body) && !isMessage(b.body)) return true;
  return isMessage(a.body) && isMessage(b.body) && a.sender === b.sender && Math.abs(b.at - a.at) < APART_MS;
}

function sameDay(a: number, b: number): boolean {
  return new Date(a).toDateString() === new Date(b).toDateString();
}
