import init, { Engine } from './wasm/waxwing_wasm_client.js';
import wasmUrl from './wasm/waxwing_wasm_client_bg.wasm?url';
import type { Machine } from './io';
import type { FatalReason, FromWorker } from './protocol';
import { Alarm, Stream, call } from './relay';
import { doneKey } from './repeat';
import { Runner } from './runner';
import { Fenced, Store } from './store';
import { NAME, type Call } from './tabs';

/** Everything the machine wants to see at its start lies under `s/`. */
const START_RANGE = ['s/', 's0'] as const;

/** What becomes of an engine. */
export interface EngineEvents {
  post(message: FromWorker): void;
  /** Another tab has the store now. */
  displaced(): void;
  failed(reason: FatalReason, error: unknown): void;
}

/** The engine of this tab: the WebAssembly instance, the local store and the connection to the relay. */
export class LocalEngine {
  readonly #events: EngineEvents;
  readonly #stream: Stream;
  readonly #alarm: Alarm;
  #runner: Runner | null = null;
  #store: Store | null = null;
  #stopped = false;

  constructor(events: EngineEvents) {
    this.#events = events;
    this.#stream = new Stream({
      opened: () => this.#runner?.feed({ type: 'streamOpened' }),
      frame: (bytes) => this.#runner?.feed({ type: 'streamFrame', bytes }),
      closed: (code) => this.#runner?.feed({ type: 'streamClosed', code }),
    });
    this.#alarm = new Alarm(() => this.#runner?.feed({ type: 'tick' }));
  }

  /** Resolves when the machine has told what it found in the store; to false if it was stopped before. */
  async start(online: boolean): Promise<boolean> {
    let stage: FatalReason = 'load';
    try {
      await init({ module_or_path: wasmUrl });
      stage = 'storage';
      if (this.#stopped) return false;
      const store = await Store.claim(NAME);
      this.#store = store;
      const entries = await store.load(...START_RANGE, Infinity, false);
      if (this.#stopped) {
        store.close();
        return false;
      }
      stage = 'crash';
      this.#runner = this.#newRunner(new Engine() as Machine, store);
      const started = this.#runner.fed({ type: 'start', entries });
      if (!online) this.network(false);
      await started;
      return !this.#stopped;
    } catch (error) {
      if (!this.#stopped) this.#events.failed(stage, error);
      return false;
    }
  }

  call(call: Call): void {
    this.#runner?.feed(call);
  }

  network(online: boolean): void {
    this.#runner?.feed({ type: 'network', online });
  }

  /** Ends it for good. */
  stop(): void {
    this.#stopped = true;
    this.#runner?.stop();
    this.#runner = null;
    this.#stream.close();
    this.#alarm.clear();
    this.#store?.close();
    this.#store = null;
  }

  #newRunner(machine: Machine, store: Store): Runner {
    const guarded = <T>(work: Promise<T>) =>
      work.catch((cause: unknown) => Promise.reject(new StoreError(cause)));
    return new Runner(machine, {
      persist: (ops) => guarded(store.persist(ops)),
      load: (...range) => guarded(store.load(...range)),
      wasDone: (token) => {
        const key = doneKey(token);
        return guarded(store.load(key, `${key}\0`, 1, false)).then((found) => found.length > 0);
      },
      http: call,
      streamOpen: () => this.#stream.open(),
      streamSend: (bytes) => this.#stream.send(bytes),
      streamClose: () => this.#stream.close(),
      schedule: (atMs) => this.#alarm.set(atMs),
      post: (message) => this.#events.post(message),
      now: () => Date.now(),
      failed: (error) => {
        if (this.#stopped) return;
        if (!(error instanceof StoreError)) this.#events.failed('crash', error);
        else if (error.cause instanceof Fenced) this.#events.displaced();
        else this.#events.failed('storage', error.cause);
      },
    });
  }
}

/** Tells a refusal of the store from a defect of the machine. */
class StoreError extends Error {
  constructor(override readonly cause: unknown) {
    super('the store refused');
  }
}
