import type { Message } from '../en';

/** Reading the history that a device misses. */
export const sync = {
  'sync.running': 'Fetching history',
  'sync.paused': 'History is paused',
  'sync.rooms': { one: '{n} conversation', other: '{n} conversations' },
  'sync.label': 'History fetched',
  'sync.pause': 'Pause',
  'sync.resume': 'Continue',
} satisfies Record<string, Message>;
