import type { Failure } from '../engine/api';
import { failureOf } from '../engine/client';

/** What all multi-step forms share: one step at a time, one failure to show. */
export abstract class Steps {
  busy = $state(false);
  failure = $state.raw<Failure | null>(null);

  /** Runs one step; returns whether it succeeded. A second submission while it runs does nothing. */
  protected async step(work: () => Promise<void>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.failure = null;
    try {
      await work();
      return true;
    } catch (thrown) {
      this.failure = failureOf(thrown);
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** The attempt is over at the relay, so the form has to begin again. */
  protected get lost(): boolean {
    return this.failure !== null && LOST_ATTEMPT.has(this.failure.code);
  }
}

/** Failures after which a login or registration has to begin again. */
const LOST_ATTEMPT = new Set(['attempt_expired', 'wrong_step']);

/** The digits of a code, however it was grouped or written. */
export function digitsOf(code: string): string {
  return [...code.normalize('NFKC')].filter((char) => /\d/.test(char)).join('');
}

/**
 * A second factor as people type it: six digits, or a recovery code such as `abcde-fgh23`, whose alphabet has no 0, 1, 8
 * and 9.
 */
export function codeOf(typed: string): string {
  const bare = typed
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
  if (!/[a-z]/.test(bare)) return digitsOf(typed);
  return bare.length > 5 ? `${bare.slice(0, 5)}-${bare.slice(5)}` : bare;
}

/** Characters of a recovery key, dashes not counted: `docs/protocol.md`. */
export const KEY_CHARS = 56;

/** A recovery key without what does not count: case, blanks and dashes, and what Crockford's base32 reads alike. */
export function bareKey(typed: string): string {
  return typed
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '')
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1')
    .replaceAll('U', 'V');
}

/** Compares recovery keys as people type them. */
export function sameKey(typed: string, key: string): boolean {
  return bareKey(typed) !== '' && bareKey(typed) === bareKey(key);
}
