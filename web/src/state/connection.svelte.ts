import type { Connection } from '../engine/api';

/** The connection, and how long until the next attempt. */
export class ConnectionState {
  state = $state.raw<Connection>({ type: 'idle' });
  /** There was a connection before, so what follows is a re-connection. */
  #before = $state(false);
  /** Short interruptions are not worth a word. */
  #settled = $state(true);
  #now = $state(Date.now());
  #timers: ReturnType<typeof setTimeout>[] = [];
  #ticker: ReturnType<typeof setInterval> | undefined;

  /** What to show. */
  readonly shown: 'none' | 'connecting' | 'reconnecting' | 'waiting' | 'offline' = $derived.by(() => {
    switch (this.state.type) {
      case 'idle':
      case 'connected':
      case 'displaced':
        return 'none';
      case 'connecting':
        if (!this.#settled) return 'none';
        return this.#before ? 'reconnecting' : 'connecting';
      case 'waiting':
        return this.#settled ? 'waiting' : 'none';
      case 'offline':
        return 'offline';
    }
  });

  /** Whole seconds until the next attempt, at least one. */
  readonly seconds: number = $derived(
    this.state.type === 'waiting' ? Math.max(1, Math.ceil((this.state.retryAt - this.#now) / 1000)) : 0,
  );

  receive(state: Connection): void {
    const calm = this.state.type === 'connected' || this.state.type === 'idle';
    this.state = state;
    if (state.type === 'idle') this.#before = false;
    if (state.type === 'connected') this.#before = true;
    if (calm && state.type !== 'connected' && state.type !== 'idle') {
      this.#settled = false;
      this.#timers.push(setTimeout(() => (this.#settled = true), 1200));
    }
    if (state.type === 'connected' || state.type === 'idle') {
      this.#timers.splice(0).forEach(clearTimeout);
      this.#settled = true;
    }
    clearInterval(this.#ticker);
    this.#now = Date.now();
    if (state.type === 'waiting') this.#ticker = setInterval(() => (this.#now = Date.now()), 500);
  }
}
