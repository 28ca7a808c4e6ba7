/** A reload lets go of the lock a moment after the new page asks for it. */
const PATIENCE_MS = 600;

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
    const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
    const leads = await this.#request({ signal: patience.signal });
    clearTimeout(timer);
    return leads;
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
