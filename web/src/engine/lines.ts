/** What a browser reports when a WebSocket ends without a closing handshake. */
export const CLOSED_ABNORMALLY = 1006;

/** What a line reports. */
export interface LineEvents {
  opened(): void;
  frame(bytes: Uint8Array): void;
  closed(code: number): void;
}

/** One way to the relay and back, open or about to be. After `close` it reports nothing more. */
export interface Line {
  /** Dropped when the line is not open: then a `closed` is on its way. */
  send(bytes: Uint8Array): void;
  close(): void;
}

/** A WebSocket. */
export function socketLine(events: LineEvents): Line {
  const url = new URL('/api/v1/stream', self.location.origin);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  let live = true;
  const ended = (code: number) => {
    if (live) events.closed(code);
    live = false;
  };
  let socket: WebSocket;
  try {
    socket = new WebSocket(url);
  } catch {
    queueMicrotask(() => ended(CLOSED_ABNORMALLY));
    return { send: () => undefined, close: () => (live = false) };
  }
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => live && events.opened();
  socket.onmessage = ({ data }) => {
    if (!live) return;
    if (data instanceof ArrayBuffer) events.frame(new Uint8Array(data));
    // The protocol has no text messages.
    else socket.close(4000);
  };
  socket.onclose = ({ code }) => ended(code);
  return {
    send: (bytes) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(bytes as Uint8Array<ArrayBuffer>);
    },
    close: () => {
      live = false;
      socket.close();
    },
  };
}

/** So many frames, and bytes of them, go into one call. The relay takes more of both. */
const CALL_FRAMES = 128;
const CALL_BYTES = 1024 * 1024;
/** Longest wait for an answer to a call that brings frames. */
const CALL_TIMEOUT_MS = 60_000;
const HEADERS = { 'Waxwing-Client': '1' };
const OPTIONS = {
  mode: 'same-origin',
  credentials: 'same-origin',
  cache: 'no-store',
  redirect: 'error',
} as const satisfies RequestInit;

/** Events one way and calls the other, for networks in which no WebSocket gets through. */
export function eventLine(events: LineEvents): Line {
  const line = new EventLine(events);
  void line.run();
  return line;
}

class EventLine implements Line {
  readonly #events: LineEvents;
  readonly #ending = new AbortController();
  /** How calls name the stream, once the relay has said it. */
  #name: string | null = null;
  #waiting: Uint8Array[] = [];
  #sending = false;
  #live = true;

  constructor(events: LineEvents) {
    this.#events = events;
  }

  async run(): Promise<void> {
    try {
      const response = await fetch('/api/v1/events', {
        ...OPTIONS,
        headers: HEADERS,
        signal: this.#ending.signal,
      });
      if (!response.ok || response.body === null) return this.#end(CLOSED_ABNORMALLY);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      const parser = new EventParser((name, data) => this.#receive(name, data));
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        parser.feed(value);
      }
    } catch {
      // Refused, cut, or closed by us: all of it is an end.
    }
    this.#end(CLOSED_ABNORMALLY);
  }

  send(bytes: Uint8Array): void {
    if (!this.#live) return;
    this.#waiting.push(bytes);
    if (!this.#sending) void this.#drain();
  }

  close(): void {
    this.#live = false;
    this.#ending.abort();
  }

  #receive(name: string, data: string): void {
    if (!this.#live) return;
    switch (name) {
      case 'open':
        this.#name = data;
        return this.#events.opened();
      case 'message':
        return this.#events.frame(fromBase64(data));
      case 'ping':
        // An empty call is the answer.
        if (!this.#sending) void this.#drain(true);
        return;
      case 'close':
        return this.#end(Number(data));
    }
  }

  /** One call after the other, so that frames stay in order; what comes meanwhile goes into the next one. */
  async #drain(empty = false): Promise<void> {
    this.#sending = true;
    while (this.#live && (empty || this.#waiting.length > 0)) {
      empty = false;
      if (!(await this.#call(this.#batch()))) return this.#end(CLOSED_ABNORMALLY);
    }
    this.#sending = false;
  }

  #batch(): string[] {
    const batch: string[] = [];
    let bytes = 0;
    while (batch.length < CALL_FRAMES) {
      const next = this.#waiting[0];
      if (!next || (batch.length > 0 && bytes + next.length > CALL_BYTES)) break;
      this.#waiting.shift();
      bytes += next.length;
      batch.push(toBase64(next));
    }
    return batch;
  }

  async #call(frames: string[]): Promise<boolean> {
    try {
      const response = await fetch(`/api/v1/requests?stream=${this.#name ?? ''}`, {
        ...OPTIONS,
        method: 'POST',
        headers: { ...HEADERS, 'Content-Type': 'application/json' },
        body: JSON.stringify({ frames }),
        signal: AbortSignal.any([this.#ending.signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]),
      });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    }
  }

  #end(code: number): void {
    if (!this.#live) return;
    this.close();
    this.#events.closed(code);
  }
}

/** Takes server-sent events apart. A comment is reported as an event called `ping`. */
export class EventParser {
  readonly #report: (name: string, data: string) => void;
  #pieces: string[] = [];
  #name = 'message';
  #data = '';

  constructor(report: (name: string, data: string) => void) {
    this.#report = report;
  }

  feed(text: string): void {
    const lines = text.split('\n');
    const last = lines.pop() ?? '';
    for (const line of lines) {
      this.#line(this.#pieces.join('') + line);
      this.#pieces = [];
    }
    if (last !== '') this.#pieces.push(last);
  }

  #line(line: string): void {
    if (line === '') {
      if (this.#data !== '') this.#report(this.#name, this.#data);
      this.#name = 'message';
      this.#data = '';
    } else if (line.startsWith(':')) {
      this.#report('ping', '');
    } else if (line.startsWith('event: ')) {
      this.#name = line.slice(7);
    } else if (line.startsWith('data: ')) {
      this.#data = line.slice(6);
    }
  }
}

function fromBase64(text: string): Uint8Array {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

function toBase64(bytes: Uint8Array): string {
  let binary = '';
  // An argument list has a limit.
  for (let at = 0; at < bytes.length; at += 0x8000) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
