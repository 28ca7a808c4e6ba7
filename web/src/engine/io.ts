import type { Failure, Intent, Notice, Reply } from './api';

/** A stored key and its value. */
export type Entry = [key: string, value: Uint8Array];

/** What the machine is fed, one at a time: `client/src/io.rs`. */
export type Input =
  | { type: 'start'; entries: Entry[] }
  | { type: 'intent'; id: number; intent: Intent }
  | { type: 'loaded'; id: number; entries: Entry[] }
  | { type: 'http'; id: number; status: number | null; body: string }
  | { type: 'streamOpened' }
  | { type: 'streamFrame'; bytes: Uint8Array }
  | { type: 'streamClosed'; code: number }
  | { type: 'network'; online: boolean }
  | { type: 'tick' };

/** What the machine wants carried out, in order. */
export type Effect =
  | { type: 'persist'; ops: StoreOp[] }
  | { type: 'load'; id: number; from: string; to: string; limit: number; reverse: boolean }
  | { type: 'http'; id: number; path: string; body: string | null | undefined }
  | { type: 'streamOpen' }
  | { type: 'streamSend'; bytes: Uint8Array }
  | { type: 'streamClose' }
  | { type: 'schedule'; atMs: number }
  | { type: 'reply'; id: number; ok?: Reply | null; failure?: Failure | null }
  | { type: 'notify'; notice: Notice };

/** A change of the local store. */
export type StoreOp =
  | { type: 'put'; key: string; value: Uint8Array; secret: boolean }
  | { type: 'delete'; key: string }
  | { type: 'deleteRange'; from: string; to: string }
  | { type: 'clear' };

/** The machine: it does no I/O itself. */
export interface Machine {
  handle(input: Input, nowMs: number): Effect[];
  free(): void;
}
