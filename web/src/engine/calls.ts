import type { Failure, Intent } from './api';
import type { FromWorker } from './protocol';
import { isStanding, mayRepeat, newToken } from './repeat';
import type { Call } from './tabs';

interface Open extends Call {
  /** The engine that was asked; null while there is none. */
  asked: string | null;
}

const LOST: Failure = {
  code: 'handed_over',
  message: 'Another tab did this and was closed before it could say whether it worked. Look, and try again.',
};

/** What this tab's page asked for and nobody has answered yet. It outlives the engine that was asked. */
export class Calls {
  readonly #open = new Map<number, Open>();
  /** What counts until the page says otherwise, by its type. */
  readonly #standing = new Map<string, Intent>();
  readonly #ask: (engine: string, call: Call) => void;
  readonly #answer: (message: FromWorker) => void;
  readonly #now: () => number;
  /** The engine that answers now. */
  #engine: string | null = null;

  constructor(
    ask: (engine: string, call: Call) => void,
    answer: (message: FromWorker) => void,
    now: () => number,
  ) {
    this.#ask = ask;
    this.#answer = answer;
    this.#now = now;
  }

  add(id: number, intent: Intent): void {
    if (isStanding(intent)) this.#standing.set(intent.type, intent);
    const call: Open = { id, intent, token: newToken(this.#now()), again: false, asked: this.#engine };
    this.#open.set(id, call);
    this.#send(call);
  }

  /** An engine answers from now on; it is asked for everything that is open, in order. */
  engine(engine: string): void {
    if (engine === this.#engine) return;
    this.#engine = engine;
    // Nobody waits for these answers.
    for (const intent of this.#standing.values()) {
      this.#ask(engine, { id: 0, intent, token: '', again: false });
    }
    for (const call of [...this.#open.values()]) {
      if (call.asked !== null && isStanding(call.intent)) {
        this.answered({ type: 'reply', id: call.id, ok: { type: 'done' } });
      } else if (call.asked === null || mayRepeat(call.intent, call.token, this.#now())) {
        call.again = call.asked !== null;
        call.asked = engine;
        this.#send(call);
      } else {
        this.#refuse(call.id, LOST);
      }
    }
  }

  /** No engine answers for now; what is asked for waits. */
  interrupted(): void {
    this.#engine = null;
  }

  /** No engine will answer here. */
  refuseAll(failure: Failure): void {
    this.#engine = null;
    for (const id of [...this.#open.keys()]) this.#refuse(id, failure);
  }

  /** An answer for the page; what was answered already is not passed on. */
  answered(message: Extract<FromWorker, { type: 'reply' | 'refused' }>): void {
    if (this.#open.delete(message.id)) this.#answer(message);
  }

  #send({ asked, ...call }: Open): void {
    if (asked !== null) this.#ask(asked, call);
  }

  #refuse(id: number, failure: Failure): void {
    this.answered({ type: 'refused', id, failure });
  }
}
