import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Leader } from './leader';

/** The locks of a browser that takes its time to give them, and to say so. */
class SlowLocks {
  /** Who has the lock. */
  held: string | null = null;
  readonly delayMs: number;

  constructor(delayMs: number) {
    this.delayMs = delayMs;
  }

  request(name: string, options: LockOptions, held: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      options.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
      setTimeout(() => {
        if (options.signal?.aborted || this.held !== null) return;
        this.held = name;
        resolve(held());
      }, this.delayMs);
    });
  }

  query(): Promise<LockManagerSnapshot> {
    return Promise.resolve({ held: this.held === null ? [] : [{ name: this.held }], pending: [] });
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function leaderWith(locks: SlowLocks): { leader: Leader; gained: () => void; lost: () => void } {
  vi.stubGlobal('navigator', { locks });
  const [gained, lost] = [vi.fn(), vi.fn()];
  return { leader: new Leader('engine', gained, lost), gained, lost };
}

test('a busy browser gives a free lock late, and the tab still leads', async () => {
  const { leader, gained, lost } = leaderWith(new SlowLocks(5_000));
  const leads = leader.tryLead();
  await vi.advanceTimersByTimeAsync(6_000);
  expect(await leads).toBe(true);
  expect(gained).toHaveBeenCalledOnce();
  await vi.advanceTimersByTimeAsync(6_000);
  expect(lost).not.toHaveBeenCalled();
});

test('a tab gives up soon when another one has the lock', async () => {
  const locks = new SlowLocks(0);
  locks.held = 'engine';
  const { leader, gained } = leaderWith(locks);
  const leads = leader.tryLead();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await leads).toBe(false);
  expect(gained).not.toHaveBeenCalled();
});
