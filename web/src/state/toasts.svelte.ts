export interface Toast {
  id: number;
  text: string;
  tone: 'good' | 'bad';
}

const SHOWN_MS = { good: 4_000, bad: 8_000 };

/** Short messages at the edge of the window. */
export class Toasts {
  list = $state.raw<readonly Toast[]>([]);
  #lastId = 0;

  show(text: string, tone: Toast['tone'] = 'good'): void {
    const toast = { id: ++this.#lastId, text, tone };
    // The same sentence twice is noise.
    this.list = [...this.list.filter((other) => other.text !== text), toast].slice(-3);
    setTimeout(() => this.dismiss(toast.id), SHOWN_MS[tone]);
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}
