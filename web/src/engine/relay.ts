import { type Line, type LineEvents, eventLine, socketLine } from './lines';

/** Longest wait for an answer of the relay. */
const HTTP_TIMEOUT_MS = 30_000;

/** One call; an unreachable relay is an answer without status. */
export async function call(
  path: string,
  body: string | null,
): Promise<{ status: number | null; body: string }> {
  try {
    const headers: Record<string, string> = { 'Waxwing-Client': '1' };
    if (body !== null) headers['Content-Type'] = 'application/json';
    const response = await fetch(path, {
      method: body === null ? 'GET' : 'POST',
      headers,
      body,
      mode: 'same-origin',
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
      signal: AbortSignal.timeout(HTTP_TIMEOUT_MS),
    });
    return { status: response.status, body: await response.text() };
  } catch {
    return { status: null, body: '' };
  }
}

/** So many WebSockets in a row that let nothing through, and events are tried instead. */
const FAILURES = 2;
/** How long events are used before a WebSocket is tried again, milliseconds. */
const SOCKET_AGAIN_MS = 10 * 60_000;

/** How lines are opened; tests open others. */
export interface Lines {
  socket(events: LineEvents): Line;
  events(events: LineEvents): Line;
}

/** The live connection: at most one line at a time, a WebSocket if one gets through. */
export class Stream {
  readonly #events: LineEvents;
  readonly #lines: Lines;
  readonly #now: () => number;
  #line: Line | null = null;
  /** Attempts of the kind in use, since one of it brought a frame. */
  #failed = 0;
  #kind: keyof Lines = 'socket';
  #since = 0;

  constructor(
    events: LineEvents,
    lines: Lines = { socket: socketLine, events: eventLine },
    now: () => number = Date.now,
  ) {
    this.#events = events;
    this.#lines = lines;
    this.#now = now;
  }

  open(): void {
    this.close();
    this.#choose();
    this.#failed += 1;
    const current = () => this.#line === line;
    const line = this.#lines[this.#kind]({
      opened: () => current() && this.#events.opened(),
      frame: (bytes) => {
        if (!current()) return;
        // Only this proves it: some proxies let a WebSocket open and nothing through it.
        this.#failed = 0;
        this.#events.frame(bytes);
      },
      closed: (code) => {
        if (!current()) return;
        this.#line = null;
        this.#events.closed(code);
      },
    });
    this.#line = line;
  }

  /** Dropped when the line is not open: then a `closed` is on its way. */
  send(bytes: Uint8Array): void {
    this.#line?.send(bytes);
  }

  close(): void {
    const line = this.#line;
    this.#line = null;
    line?.close();
  }

  #choose(): void {
    if (this.#kind === 'socket') {
      if (this.#failed >= FAILURES) this.#use('events', 0);
    } else if (this.#failed > 0) {
      // Neither gets through: the relay may be down. One more failed socket leads back to events.
      this.#use('socket', FAILURES - 1);
    } else if (this.#now() - this.#since > SOCKET_AGAIN_MS) {
      this.#use('socket', FAILURES - 1);
    }
  }

  #use(kind: keyof Lines, failed: number): void {
    this.#kind = kind;
    this.#failed = failed;
    this.#since = this.#now();
  }
}

/** One alarm; setting it again replaces it. */
export class Alarm {
  readonly #ring: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  set(atMs: number): void {
    this.clear();
    // A timer takes 31 bits of milliseconds; ringing early only makes the machine ask again.
    const delay = Math.min(Math.max(atMs - Date.now(), 0), 2 ** 31 - 1);
    this.#timer = setTimeout(this.#ring, delay);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}
