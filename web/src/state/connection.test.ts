import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConnectionState } from './connection.svelte';

describe('connection', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
  afterEach(() => void vi.useRealTimers());

  it('says nothing while all is well or for a moment', () => {
    const connection = new ConnectionState();
    expect(connection.shown).toBe('none');
    connection.receive({ type: 'connecting' });
    expect(connection.shown).toBe('none');
    connection.receive({ type: 'connected' });
    vi.advanceTimersByTime(5000);
    expect(connection.shown).toBe('none');
  });

  it('says that it connects, and later that it reconnects', () => {
    const connection = new ConnectionState();
    connection.receive({ type: 'connecting' });
    vi.advanceTimersByTime(1500);
    expect(connection.shown).toBe('connecting');
    connection.receive({ type: 'connected' });
    connection.receive({ type: 'connecting' });
    vi.advanceTimersByTime(1500);
    expect(connection.shown).toBe('reconnecting');
  });

  it('counts down to the next attempt', () => {
    const connection = new ConnectionState();
    connection.receive({ type: 'connected' });
    connection.receive({ type: 'waiting', retryAt: 1_008_000 });
    vi.advanceTimersByTime(2000);
    expect(connection.shown).toBe('waiting');
    expect(connection.seconds).toBe(6);
    vi.advanceTimersByTime(60_000);
    expect(connection.seconds).toBe(1);
    connection.receive({ type: 'connected' });
    expect(connection.shown).toBe('none');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('says at once that there is no network', () => {
    const connection = new ConnectionState();
    connection.receive({ type: 'connected' });
    connection.receive({ type: 'offline' });
    expect(connection.shown).toBe('offline');
  });
});
