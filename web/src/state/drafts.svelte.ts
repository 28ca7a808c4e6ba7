import { SvelteMap } from 'svelte/reactivity';

/**
 * Texts that were begun and not sent, by room. They are kept in memory only: what is stored on the device is sealed by
 * the engine, and a draft in the browser's own storage would not be.
 */
export class Drafts {
  readonly #texts = new SvelteMap<string, string>();

  get(room: string): string {
    return this.#texts.get(room) ?? '';
  }

  set(room: string, text: string): void {
    if (text === '') this.#texts.delete(room);
    else this.#texts.set(room, text);
  }

  clear(): void {
    this.#texts.clear();
  }
}
