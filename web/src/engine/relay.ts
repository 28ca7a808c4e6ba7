/** Longest wait for an answer of the relay. */
const HTTP_TIMEOUT_MS = 30_000;
/** What a browser reports when a WebSocket ends without a closing handshake. */
const CLOSED_ABNORMALLY = 1006;

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

/** What a stream reports. */
export interface StreamEvents {
  opened(): void;
  frame(bytes: Uint8Array): void;
  closed(code: number): void;
}

/** The live connection: at most one WebSocket at a time. A socket that was closed on purpose reports nothing more. */
export class Stream {
  readonly #events: StreamEvents;
  #socket: WebSocket | null = null;

  constructor(events: StreamEvents) {
    this.#events = events;
  }

  open(): void {
    this.close();
    const url = new URL('/api/v1/stream', self.location.origin);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    let socket: WebSocket;
    try {
      socket = new WebSocket(url);
    } catch {
      queueMicrotask(() => this.#events.closed(CLOSED_ABNORMALLY));
      return;
    }
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    const current = () => this.#socket === socket;
    socket.onopen = () => current() && this.#events.opened();
    socket.onmessage = ({ data }) => {
      if (!current()) return;
      if (data instanceof ArrayBuffer) this.#events.frame(new Uint8Array(data));
      // The protocol has no text messages.
      else socket.close(4000);
    };
    socket.onclose = ({ code }) => {
      if (!current()) return;
      this.#socket = null;
      this.#events.closed(code);
    };
  }

  /** Dropped when the socket is not open: then a `closed` is on its way. */
  send(bytes: Uint8Array): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(bytes as Uint8Array<ArrayBuffer>);
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
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
