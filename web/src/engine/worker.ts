/// <reference lib="webworker" />
/** Runs the machine: owns the WebAssembly instance, the local store and the connection to the relay. */
import init, { Engine } from './wasm/waxwing_wasm_client.js';
import wasmUrl from './wasm/waxwing_wasm_client_bg.wasm?url';
import type { Intent } from './api';
import type { Machine } from './io';
import { Leader } from './leader';
import type { EngineStatus, FatalReason, FromWorker, ToWorker } from './protocol';
import { Alarm, Stream, call } from './relay';
import { Runner } from './runner';
import { Fenced, Store } from './store';

declare const self: DedicatedWorkerGlobalScope;

const NAME = 'waxwing';
/** Everything the machine wants to see at its start lies under `s/`. */
const START_RANGE = ['s/', 's0'] as const;

/** How often a tab asks again whether it may lead after all, and how long it waits in between. */
const LATE_ATTEMPTS = 5;
const LATE_MS = 1500;

class EngineHost {
  #status: EngineStatus = { type: 'starting' };
  #runner: Runner | null = null;
  #store: Store | null = null;
  #online = true;
  #waiting: { id: number; intent: Intent }[] = [];
  /** Counts the times this tab began to lead, so that a late start of an earlier time does nothing. */
  #term = 0;
  readonly #wasm = init({ module_or_path: wasmUrl });
  readonly #stream = new Stream({
    opened: () => this.#runner?.feed({ type: 'streamOpened' }),
    frame: (bytes) => this.#runner?.feed({ type: 'streamFrame', bytes }),
    closed: (code) => this.#runner?.feed({ type: 'streamClosed', code }),
  });
  readonly #alarm = new Alarm(() => this.#runner?.feed({ type: 'tick' }));
  readonly #leader = new Leader(
    NAME,
    () => void this.#start(),
    () => this.#displaced(),
  );

  constructor() {
    // Its failure is reported when the engine is started.
    this.#wasm.catch(() => undefined);
  }

  async open(): Promise<void> {
    if (await this.#leader.tryLead()) return;
    this.#displaced();
    // It may have been this very tab before a reload, on a device that is slow to end it.
    for (let attempt = 0; attempt < LATE_ATTEMPTS; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, LATE_MS));
      if (this.#status.type !== 'elsewhere' || (await this.#leader.tryLead())) return;
    }
  }

  receive(message: ToWorker): void {
    switch (message.type) {
      case 'call':
        return this.#call(message.id, message.intent);
      case 'takeOver':
        return void this.#leader.takeOver();
      case 'visible':
        if (this.#status.type === 'elsewhere') void this.#leader.tryLead();
        return;
      case 'network':
        this.#online = message.online;
        this.#runner?.feed({ type: 'network', online: message.online });
    }
  }

  #call(id: number, intent: Intent): void {
    if (this.#runner) this.#runner.feed({ type: 'intent', id, intent });
    else if (this.#status.type === 'starting') this.#waiting.push({ id, intent });
    else
      post({
        type: 'refused',
        id,
        failure: { code: this.#status.type, message: 'The engine does not run here.' },
      });
  }

  async #start(): Promise<void> {
    const term = ++this.#term;
    this.#say({ type: 'starting' });
    let stage: FatalReason = 'load';
    try {
      await this.#wasm;
      stage = 'storage';
      const store = await Store.claim(NAME);
      const entries = await store.load(...START_RANGE, Infinity, false);
      if (term !== this.#term) return store.close();
      stage = 'crash';
      this.#store = store;
      this.#runner = this.#newRunner(new Engine() as Machine, store);
      this.#runner.feed({ type: 'start', entries });
      if (!this.#online) this.#runner.feed({ type: 'network', online: false });
      this.#say({ type: 'ready' });
      for (const { id, intent } of this.#waiting.splice(0)) this.#runner.feed({ type: 'intent', id, intent });
    } catch (error) {
      if (term === this.#term) this.#fail(stage, error);
    }
  }

  #newRunner(machine: Machine, store: Store): Runner {
    return new Runner(machine, {
      persist: (ops) => store.persist(ops).catch((cause: unknown) => Promise.reject(new StoreError(cause))),
      load: (...range) =>
        store.load(...range).catch((cause: unknown) => Promise.reject(new StoreError(cause))),
      http: call,
      streamOpen: () => this.#stream.open(),
      streamSend: (bytes) => this.#stream.send(bytes),
      streamClose: () => this.#stream.close(),
      schedule: (atMs) => this.#alarm.set(atMs),
      post,
      now: () => Date.now(),
      failed: (error) => {
        if (!(error instanceof StoreError)) this.#fail('crash', error);
        else if (error.cause instanceof Fenced) this.#displaced();
        else this.#fail('storage', error.cause);
      },
    });
  }

  /** Another tab leads now. */
  #displaced(): void {
    this.#halt();
    if (this.#status.type !== 'fatal') this.#say({ type: 'elsewhere' });
  }

  #fail(reason: FatalReason, error: unknown): void {
    console.error('engine stopped:', reason, error);
    this.#halt();
    this.#say({ type: 'fatal', reason });
    this.#leader.resign();
  }

  #halt(): void {
    this.#term += 1;
    this.#runner?.stop();
    this.#runner = null;
    this.#stream.close();
    this.#alarm.clear();
    this.#store?.close();
    this.#store = null;
    this.#waiting = [];
  }

  #say(status: EngineStatus): void {
    this.#status = status;
    post({ type: 'status', status });
  }
}

/** Tells a refusal of the store from a defect of the machine. */
class StoreError extends Error {
  constructor(override readonly cause: unknown) {
    super('the store refused');
  }
}

function post(message: FromWorker): void {
  self.postMessage(message);
}

const host = new EngineHost();
self.onmessage = ({ data }: MessageEvent<ToWorker>) => host.receive(data);
void host.open();
