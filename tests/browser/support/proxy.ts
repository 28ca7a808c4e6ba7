import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a network does to WebSockets. */
export type Upgrades =
  | 'pass'
  /** Answers as proxies do that know no WebSocket. */
  | 'refuse'
  /** Lets them open, and nothing through afterwards. */
  | 'swallow';

/** A reverse proxy before a relay, and whatever is wrong with the network. */
export class Proxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #target: URL | undefined;
  #cut = false;
  upgrades: Upgrades = 'pass';
  /** How fast each WebSocket brings what the relay says; counts at once. */
  bytesPerSecond = Infinity;
  /** Upgrades that were asked for, and calls by their path. */
  readonly seen: string[] = [];

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket: Socket) => {
      this.#keep(socket);
      // No answer at all, as from an address that is not there.
      if (this.#cut) socket.pause();
    });
    server.on('request', (incoming, answer) => this.#forward(incoming, answer));
    server.on('upgrade', (incoming: IncomingMessage, socket: Socket, head: Buffer) =>
      this.#upgrade(incoming, socket, head),
    );
  }

  /** Listens on a free port. The relay needs `--public-origin` with the address. */
  static async start(): Promise<Proxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Proxy(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Where everything goes. */
  leadTo(relay: string): void {
    this.#target = new URL(relay);
  }

  /** From now on nothing comes through, and nobody is told. */
  cut(): void {
    this.#cut = true;
    for (const socket of this.#sockets) {
      socket.pause();
      socket.unpipe();
      socket.removeAllListeners('data');
    }
  }

  /** New connections work again; those of before are forgotten, without a word to either end. */
  restore(): void {
    this.#cut = false;
  }

  async dispose(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #keep(socket: Socket): void {
    if (this.#sockets.has(socket)) return;
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #relay(): URL {
    if (this.#target === undefined) throw new Error('the proxy leads nowhere');
    return this.#target;
  }

  #forward(incoming: IncomingMessage, answer: ServerResponse): void {
    if (this.#cut) return;
    const { hostname, port } = this.#relay();
    const { method, url, headers } = incoming;
    this.seen.push(`${method} ${url?.split('?')[0]}`);
    const outgoing = request({ hostname, port, method, path: url, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      // Events have to go out at once.
      answer.flushHeaders();
      response.pipe(answer);
      response.on('error', () => answer.destroy());
    });
    outgoing.on('socket', (socket) => this.#keep(socket));
    outgoing.on('error', () => {
      if (answer.headersSent) answer.destroy();
      else answer.writeHead(502).end();
    });
    answer.on('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  }

  /** Lets through as much as `bytesPerSecond` says, in small pieces. */
  #trickle(): Transform {
    const PIECE = 1_024;
    const trickle = new Transform({
      transform: async (bytes: Buffer, _encoding, done) => {
        for (let at = 0; at < bytes.length; ) {
          const fast = this.bytesPerSecond === Infinity;
          const piece = fast ? bytes.subarray(at) : bytes.subarray(at, at + PIECE);
          if (!fast) await sleep((1_000 * piece.length) / this.bytesPerSecond);
          at += piece.length;
          trickle.push(piece);
        }
        done();
      },
    });
    return trickle;
  }

  #upgrade(incoming: IncomingMessage, socket: Socket, head: Buffer): void {
    this.#keep(socket);
    if (this.#cut) return;
    this.seen.push('upgrade');
    if (this.upgrades === 'refuse') {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return;
    }
    const { hostname, port } = this.#relay();
    const onward = connect(Number(port), hostname, () => {
      const headers = incoming.rawHeaders
        .map((text, i) => (i % 2 === 0 ? `${text}: ` : `${text}\r\n`))
        .join('');
      onward.write(`${incoming.method} ${incoming.url} HTTP/1.1\r\n${headers}\r\n`);
      onward.write(head);
      onward.pipe(this.#trickle()).pipe(socket);
      if (this.upgrades === 'pass') socket.pipe(onward);
      else socket.resume();
    });
    this.#keep(onward);
    socket.on('close', () => onward.destroy());
    onward.on('close', () => socket.destroy());
  }
}
