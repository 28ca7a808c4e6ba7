/** A reload lets go of the lock a moment after the new page asks for it. */
const PATIENCE_MS = 600;
/** How long the news that the lock was given to us may take. */
const NEWS_MS = 100;

/** Which tab of this browser runs the engine: the one that holds a Web Lock. */
export class Leader {
  readonly #name: string;
  readonly #gained: () => void;
  readonly #lost: () => void;
  #attempt: Promise<boolean> | null = null;
  #leading = false;
  #release: () => void = () => undefined;

  /** `gained` and `lost` are called whenever this tab begins or ceases to lead. */
  constructor(name: string, gained: () => void, lost: () => void) {
    this.#name = name;
    this.#gained = gained;
    this.#lost = lost;
  }

  /** Leads if no other tab does. Resolves to whether it leads. */
  async tryLead(): Promise<boolean> {
    if (this.#attempt) return this.#attempt;
    if (this.#leading) return true;
    const patience = new AbortController();
    const attempt = this.#request({ signal: patience.signal });
    void this.#loseHope(attempt, patience);
    return attempt;
  }

  /** Ends an attempt once another tab has the lock. Time alone proves nothing: a busy device is slow to give a free one. */
  async #loseHope(attempt: Promise<boolean>, patience: AbortController): Promise<void> {
    await sleep(PATIENCE_MS);
    while (this.#attempt === attempt) {
      const { held } = await navigator.locks.query();
      const taken = held?.some(({ name }) => name === this.#name) ?? false;
      await sleep(NEWS_MS);
      if (taken && this.#attempt === attempt) return patience.abort();
    }
  }

  /** Leads, whoever did so before. */
  async takeOver(): Promise<void> {
    await this.#attempt;
    if (!this.#leading) await this.#request({ steal: true });
  }

  /** Gives the lead up. */
  resign(): void {
    this.#release();
  }

  #request(options: LockOptions): Promise<boolean> {
    this.#attempt = new Promise((resolve) => {
      const settle = (leads: boolean) => {
        this.#attempt = null;
        this.#leading = leads;
        resolve(leads);
      };
      const held = navigator.locks.request(this.#name, options, () => {
        settle(true);
        this.#gained();
        return new Promise<void>((release) => (this.#release = release));
      });
      const ended = () => {
        if (!this.#leading) return settle(false);
        this.#leading = false;
        this.#lost();
      };
      held.then(ended, ended);
    });
    return this.#attempt;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
