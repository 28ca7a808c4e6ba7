/** Which tab of this browser runs the engine: the one that holds a Web Lock. The others stand in line for it. */
export class Leader {
  readonly #name: string;
  readonly #gained: () => void;
  readonly #lost: () => void;
  /** Ends the request that stands in line. */
  #waiting: AbortController | null = null;
  #leading = false;
  #release: () => void = () => undefined;

  /** `gained` and `lost` are called whenever this tab begins or ceases to lead. */
  constructor(name: string, gained: () => void, lost: () => void) {
    this.#name = name;
    this.#gained = gained;
    this.#lost = lost;
  }

  /** Leads as soon as no other tab does that was here before. */
  queue(): void {
    if (this.#leading || this.#waiting) return;
    const waiting = new AbortController();
    this.#waiting = waiting;
    this.#request({ signal: waiting.signal }, () => waiting.signal.aborted);
  }

  /** Leads, whoever did so before. */
  takeOver(): void {
    if (this.#leading) return;
    this.#waiting?.abort();
    this.#waiting = null;
    this.#request({ steal: true }, () => false);
  }

  /** Gives the lead up, or the place in the line. */
  resign(): void {
    this.#waiting?.abort();
    this.#waiting = null;
    this.#release();
  }

  #request(options: LockOptions, isGivenUp: () => boolean): void {
    let mine = false;
    const held = navigator.locks.request(this.#name, options, () => {
      // Two requests of this tab may both be granted: one that was taken back too late, one that stole.
      if (isGivenUp() || this.#leading) return undefined;
      mine = true;
      this.#waiting = null;
      this.#leading = true;
      this.#gained();
      return new Promise<void>((release) => (this.#release = release));
    });
    const ended = () => {
      if (!mine) return;
      this.#leading = false;
      this.#lost();
    };
    held.then(ended, ended);
  }
}
