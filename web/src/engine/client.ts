import type { Failure, Intent, Notice, Reply, ReplyFor } from './api';
import type { EngineStatus, FromWorker, ToWorker } from './protocol';
import workerUrl from './worker.ts?worker&url';

/** The engine as the page sees it. */
export interface EngineClient {
  /** Resolves to the reply, or rejects with a {@link CallFailure}. */
  call<I extends Intent>(intent: I): Promise<ReplyFor<I['type']>>;
  onNotice(listener: (notice: Notice) => void): void;
  /** How everything stands, in place of what was told before. */
  onSnapshot(listener: (notices: Notice[]) => void): void;
  onStatus(listener: (status: EngineStatus) => void): void;
  /** Takes the engine over from another tab. */
  takeOver(): void;
}

/** A failure as a rejection. */
export class CallFailure extends Error implements Failure {
  readonly code: string;
  readonly retryAfterS: number | null;

  constructor(failure: Failure) {
    super(failure.message);
    this.name = 'CallFailure';
    this.code = failure.code;
    this.retryAfterS = failure.retryAfterS ?? null;
  }
}

/** The failure in anything that was thrown. */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof CallFailure) return thrown;
  return { code: 'internal', message: thrown instanceof Error ? thrown.message : String(thrown) };
}

interface Pending {
  resolve(reply: Reply): void;
  reject(failure: CallFailure): void;
}

/** Talks to the engine in its worker. */
export class WorkerEngine implements EngineClient {
  readonly #worker: Worker | null;
  readonly #pending = new Map<number, Pending>();
  readonly #notices: ((notice: Notice) => void)[] = [];
  readonly #snapshots: ((notices: Notice[]) => void)[] = [];
  readonly #statuses: ((status: EngineStatus) => void)[] = [];
  #lastId = 0;

  constructor() {
    if (!window.isSecureContext) {
      // Without HTTPS a browser offers neither WebCrypto nor locks.
      this.#worker = null;
      queueMicrotask(() => this.#status({ type: 'fatal', reason: 'insecure' }));
      return;
    }
    this.#worker = new Worker(trusted(workerUrl), { type: 'module', name: 'waxwing-engine' });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#receive(data);
    this.#worker.onerror = () => this.#status({ type: 'fatal', reason: 'load' });
    const visible = () => this.#post({ type: 'visible', visible: document.visibilityState === 'visible' });
    document.addEventListener('visibilitychange', visible);
    visible();
    for (const type of ['online', 'offline'] as const) {
      window.addEventListener(type, () => this.#post({ type: 'network', online: type === 'online' }));
    }
    if (!navigator.onLine) this.#post({ type: 'network', online: false });
  }

  call<I extends Intent>(intent: I): Promise<ReplyFor<I['type']>> {
    const id = ++this.#lastId;
    return new Promise<Reply>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#post({ type: 'call', id, intent });
    }) as Promise<ReplyFor<I['type']>>;
  }

  onNotice(listener: (notice: Notice) => void): void {
    this.#notices.push(listener);
  }

  onSnapshot(listener: (notices: Notice[]) => void): void {
    this.#snapshots.push(listener);
  }

  onStatus(listener: (status: EngineStatus) => void): void {
    this.#statuses.push(listener);
  }

  takeOver(): void {
    this.#post({ type: 'takeOver' });
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case 'status':
        return this.#status(message.status);
      case 'notices':
        for (const notice of message.notices) for (const listener of this.#notices) listener(notice);
        return;
      case 'snapshot':
        for (const listener of this.#snapshots) listener(message.notices);
        return;
      case 'reply':
        this.#take(message.id)?.resolve(message.ok);
        return;
      case 'refused':
        this.#take(message.id)?.reject(new CallFailure(message.failure));
    }
  }

  #status(status: EngineStatus): void {
    if (status.type === 'elsewhere' || status.type === 'fatal') {
      // Nobody is left to answer.
      const gone = new CallFailure({ code: status.type, message: 'The engine does not run here any more.' });
      for (const { reject } of this.#pending.values()) reject(gone);
      this.#pending.clear();
    }
    for (const listener of this.#statuses) listener(status);
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #post(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }
}

/** Under `require-trusted-types-for 'script'` a worker starts only from a URL that a policy has let through. */
function trusted(url: string): string {
  const policy = window.trustedTypes?.createPolicy('waxwing-worker', {
    createScriptURL: (candidate) => {
      if (candidate !== workerUrl) throw new TypeError('not the engine worker');
      return candidate;
    },
  });
  // The constructor's declared type does not know trusted URLs.
  return (policy?.createScriptURL(url) ?? url) as string;
}
