import type { Intent } from './api';
import type { FromWorker } from './protocol';

/** Name of the local store, of the lock that the leading tab holds, and of what the tabs talk through. */
export const NAME = 'waxwing';

/** Where a tab speaks to the one that leads. Only that one listens, so what people type goes to no other tab. */
export const LEADER_CHANNEL = `${NAME}/leader`;
/** Where a tab says that it leads now. */
export const TABS_CHANNEL = `${NAME}/tabs`;

/** Where a tab hears what is meant for it. */
export function channelOf(tab: string): string {
  return `${NAME}/tab/${tab}`;
}

/** The lock that a tab holds as long as it lives: whoever gets it knows that the tab is gone. */
export function lifeOf(tab: string): string {
  return `${NAME}/life/${tab}`;
}

/** What somebody wants, and a token that is the same when it is asked for once more. */
export interface Call {
  id: number;
  intent: Intent;
  token: string;
  /** An engine that is gone was asked already. */
  again: boolean;
}

/** From a tab to the one that leads. */
export type ToLeader = { tab: string; build: string } & (
  { type: 'here'; leader: string | null } | { type: 'call'; leader: string; call: Call }
);

/** From the tab that leads to another one. */
export type ToTab =
  /** It leads; what follows begins with a snapshot. */
  | { type: 'welcome'; leader: string }
  /** It leads, or will in a moment. */
  | { type: 'alive'; leader: string }
  /** It leads, and runs another version of the app. */
  | { type: 'stranger' }
  | { type: 'told'; leader: string; message: FromWorker };
