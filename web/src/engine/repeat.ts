import type { Intent } from './api';

type Kind = Intent['type'];

/** Questions, and what comes out the same when it is done twice. */
const FREELY = new Set<Kind>([
  'serverInfo',
  'sessions',
  'openReport',
  'watchStatistics',
  'previewInvite',
  'pinned',
  'editHistory',
  'timeline',
  'typing',
  'safetyNumber',
  'markVerified',
  'roomCheckCode',
  'contactLink',
  'previewContactLink',
  'openContactLink',
  'acceptIdentity',
  'read',
  'findAccount',
  'contacts',
  'setDraft',
  'markUnread',
  'setRoomPreferences',
  'setPreferences',
  'watchPresence',
  'pauseSync',
  'takeOver',
]);

/** What is answered as soon as it is kept on the device: done once however often it is asked for. */
const ONCE = new Set<Kind>([
  'send',
  'sendPoll',
  'edit',
  'delete',
  'react',
  'pin',
  'vote',
  'closePoll',
  'forward',
]);

/**
 * How long it is remembered that something was done, milliseconds. A tab that sleeps for longer is told that nobody
 * knows.
 */
export const MEMORY_MS = 10 * 60_000;

/** Where it is remembered: in the local store, with what was done. */
const DONE = 'c/';

/** What counts until the page says otherwise; an engine that comes later has to be told of it, too. */
const STANDING = new Set<Kind>(['watchStatistics', 'watchPresence']);

export function isStanding(intent: Intent): boolean {
  return STANDING.has(intent.type);
}

/** Whether it is remembered that this was done. */
export function isDoneOnce(intent: Intent): boolean {
  return ONCE.has(intent.type);
}

/** A token that nothing else has; those of a time lie together in the store. */
export function newToken(nowMs: number): string {
  return `${String(nowMs).padStart(15, '0')}-${crypto.randomUUID()}`;
}

/** When the token was made. */
function madeAt(token: string): number {
  return Number(token.slice(0, 15));
}

/** Whether the next engine may be asked again for what the one before was asked, and did not answer. */
export function mayRepeat(intent: Intent, token: string, nowMs: number): boolean {
  // The second half of the memory is for the way there.
  return FREELY.has(intent.type) || (ONCE.has(intent.type) && nowMs - madeAt(token) < MEMORY_MS / 2);
}

/** Key under which it is remembered that this was done. */
export function doneKey(token: string): string {
  return DONE + token;
}

/** Keys of what need not be remembered any more. */
export function forgotten(nowMs: number): [from: string, to: string] {
  return [DONE, DONE + String(nowMs - MEMORY_MS).padStart(15, '0')];
}
