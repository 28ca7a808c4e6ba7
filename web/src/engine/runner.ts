import type { Effect, Entry, Input, Machine, StoreOp } from './io';
import type { FromWorker } from './protocol';
import { doneKey, forgotten, isDoneOnce } from './repeat';
import type { Call } from './tabs';

/** What the runner needs from the outside world. */
export interface Ports {
  persist(ops: StoreOp[]): Promise<void>;
  load(from: string, to: string, limit: number, reverse: boolean): Promise<Entry[]>;
  /** Never rejects: `status` is null when the relay could not be reached. */
  http(path: string, body: string | null): Promise<{ status: number | null; body: string }>;
  streamOpen(): void;
  streamSend(bytes: Uint8Array): void;
  streamClose(): void;
  schedule(atMs: number): void;
  post(message: FromWorker): void;
  /** Whether the store remembers that this was done. */
  wasDone(token: string): Promise<boolean>;
  now(): number;
  /** The runner has stopped because of this. */
  failed(error: unknown): void;
}

/**
 * Feeds the machine one input at a time and carries out its effects in order. Nothing after a `persist` happens before
 * that is durable, so what was sent or shown survives a crash.
 */
export class Runner {
  readonly #machine: Machine;
  readonly #ports: Ports;
  #queue: (Input | Call)[] = [];
  /** Tokens of what is under way and must not be done twice, by the id of its call. */
  readonly #once = new Map<number, string>();
  #running = false;
  #idle: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(machine: Machine, ports: Ports) {
    this.#machine = machine;
    this.#ports = ports;
  }

  /** Queues an input; it is handled after everything queued before. */
  feed(input: Input | Call): void {
    if (this.#stopped) return;
    this.#queue.push(input);
    if (!this.#running) this.#idle = this.#drain();
  }

  /** As {@link feed}; resolves when everything queued so far is handled, or never will be. */
  async fed(input: Input): Promise<void> {
    this.feed(input);
    await this.#idle;
  }

  /** Stops for good: no further effect is carried out. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#queue = [];
    if (!this.#running) this.#machine.free();
  }

  async #drain(): Promise<void> {
    this.#running = true;
    try {
      while (!this.#stopped && this.#queue.length > 0) {
        const batch = this.#queue;
        this.#queue = [];
        for (const input of batch) {
          if (this.#stopped) break;
          if ('type' in input) await this.#handle(input);
          else await this.#call(input);
        }
      }
      // Somebody stopped the runner while it was busy with the machine.
      if (this.#stopped) this.#machine.free();
    } catch (error) {
      // After a panic the machine's memory is not to be touched again, so it is not freed either.
      this.#stopped = true;
      this.#queue = [];
      this.#ports.failed(error);
    } finally {
      this.#running = false;
    }
  }

  async #handle(input: Input): Promise<void> {
    await this.#carryOut(this.#remember(this.#machine.handle(input, this.#ports.now())));
  }

  async #call({ id, intent, token, again }: Call): Promise<void> {
    if (isDoneOnce(intent)) {
      if (again && (await this.#ports.wasDone(token))) {
        return this.#ports.post({ type: 'reply', id, ok: { type: 'done' } });
      }
      this.#once.set(id, token);
    }
    await this.#handle({ type: 'intent', id, intent });
  }

  /** What is answered and must not be done twice is remembered in the transaction that does it. */
  #remember(effects: Effect[]): Effect[] {
    if (this.#once.size === 0) return effects;
    const ops: StoreOp[] = [];
    for (const effect of effects) {
      if (effect.type !== 'reply') continue;
      const token = this.#once.get(effect.id);
      this.#once.delete(effect.id);
      if (token === undefined || effect.failure) continue;
      ops.push({ type: 'put', key: doneKey(token), value: new Uint8Array(), secret: false });
    }
    const first = effects.find((effect) => effect.type === 'persist');
    if (ops.length > 0 && first) {
      const [from, to] = forgotten(this.#ports.now());
      first.ops = [...first.ops, ...ops, { type: 'deleteRange', from, to }];
    }
    return effects;
  }

  async #carryOut(effects: Effect[]): Promise<void> {
    let notices: Extract<FromWorker, { type: 'notices' }>['notices'] = [];
    const flush = () => {
      if (notices.length > 0) this.#ports.post({ type: 'notices', notices });
      notices = [];
    };
    for (const effect of effects) {
      if (this.#stopped) return;
      if (effect.type === 'notify') {
        notices.push(effect.notice);
        continue;
      }
      flush();
      const wait = this.#carryOutOne(effect);
      if (wait) await wait;
    }
    if (!this.#stopped) flush();
  }

  /** Returns a promise only where the next effect has to wait. */
  #carryOutOne(effect: Exclude<Effect, { type: 'notify' }>): Promise<void> | undefined {
    const ports = this.#ports;
    switch (effect.type) {
      case 'persist':
        return ports.persist(effect.ops);
      case 'load':
        return ports
          .load(effect.from, effect.to, effect.limit, effect.reverse)
          .then((entries) => this.feed({ type: 'loaded', id: effect.id, entries }));
      case 'http':
        void ports
          .http(effect.path, effect.body ?? null)
          .then(({ status, body }) => this.feed({ type: 'http', id: effect.id, status, body }));
        return undefined;
      case 'streamOpen':
        ports.streamOpen();
        return undefined;
      case 'streamSend':
        ports.streamSend(effect.bytes);
        return undefined;
      case 'streamClose':
        ports.streamClose();
        return undefined;
      case 'schedule':
        ports.schedule(effect.atMs);
        return undefined;
      case 'reply':
        if (effect.failure) ports.post({ type: 'refused', id: effect.id, failure: effect.failure });
        else if (effect.ok) ports.post({ type: 'reply', id: effect.id, ok: effect.ok });
        return undefined;
    }
  }
}
