/** Messages and places in a timeline: `client/src/api/message.rs`. */

/** A message of the log, by key and place of its item: what is still on its way has no place and cannot be named. */
export interface Target {
  key: string;
  seq: number;
}

/** Which items `timeline` gives: around a place, or around the first that was written at a time or later. */
export type Page =
  | { type: 'newest' }
  | { type: 'before'; seq: number }
  | { type: 'after'; seq: number }
  | { type: 'around'; seq: number }
  | { type: 'at'; at: number };

/** What a message answers. The text is empty if it cannot be read; an item with this key knows better. */
export interface Quote {
  key: string;
  seq: number;
  sender: string;
  text: string;
}

/** What a link leads to, as the author says. */
export interface Preview {
  url: string;
  title: string;
  description: string;
}

/** One emoji and the accounts that reacted with it. */
export interface Reaction {
  emoji: string;
  accounts: string[];
}

/** One answer of a poll and the accounts that chose it. */
export interface PollOption {
  text: string;
  accounts: string[];
}

/** A text that a message had. */
export interface Version {
  text: string;
  at: number;
}
