import type { Intent } from './api';
import { Mirror } from './mirror';
import type { FromWorker } from './protocol';
import type { Call } from './tabs';

/** As many people as the engine watches. */
const WATCHED = 200;

/** The engine as the hub sees it. */
export interface HubPorts {
  /** Has the engine do something; its answer comes back under this id. */
  ask(call: Call): void;
  /** Tells the page of a tab. */
  tell(tab: string, message: FromWorker): void;
}

/** Where the engine runs: knows the tabs that it works for, and which of them asked for what. */
export class Hub {
  readonly #ports: HubPorts;
  readonly #mirror = new Mirror();
  readonly #tabs = new Set<string>();
  readonly #asked = new Map<number, { tab: string; id: number }>();
  /** Tabs that want to hear of the relay's numbers, and of whom each wants to know whether they are there. */
  readonly #watching = new Set<string>();
  readonly #people = new Map<string, string[]>();
  #lastId = 0;

  constructor(ports: HubPorts) {
    this.#ports = ports;
  }

  /** A tab that is told everything from now on, beginning with how things are. */
  welcome(tab: string): void {
    this.#tabs.add(tab);
    this.#ports.tell(tab, { type: 'snapshot', notices: this.#mirror.notices() });
  }

  knows(tab: string): boolean {
    return this.#tabs.has(tab);
  }

  /** The tab was closed. */
  gone(tab: string): void {
    this.#tabs.delete(tab);
    if (this.#watching.has(tab)) this.#want(tab, { type: 'watchStatistics', on: false });
    if (this.#people.has(tab)) this.#want(tab, { type: 'watchPresence', accounts: [] });
    this.#people.delete(tab);
  }

  call(tab: string, call: Call): void {
    const intent = this.#forAll(tab, call.intent);
    const own = ++this.#lastId;
    this.#asked.set(own, { tab, id: call.id });
    this.#ports.ask({ ...call, id: own, intent });
  }

  /** From the engine: an answer for whoever asked, or news for all. */
  publish(message: FromWorker): void {
    if (message.type === 'reply' || message.type === 'refused') {
      const asked = this.#asked.get(message.id);
      this.#asked.delete(message.id);
      if (asked && this.#tabs.has(asked.tab)) this.#ports.tell(asked.tab, { ...message, id: asked.id });
      return;
    }
    if (message.type === 'notices') for (const notice of message.notices) this.#mirror.receive(notice);
    for (const tab of this.#tabs) this.#ports.tell(tab, message);
  }

  /** What a tab wants to hear of is wanted as long as one of them wants it. */
  #forAll(tab: string, intent: Intent): Intent {
    if (intent.type === 'watchStatistics') {
      if (intent.on) this.#watching.add(tab);
      else this.#watching.delete(tab);
      return { ...intent, on: this.#watching.size > 0 };
    }
    if (intent.type === 'watchPresence') {
      // Whoever asked last comes first: there is a limit.
      this.#people.delete(tab);
      const accounts = new Set([...intent.accounts, ...[...this.#people.values()].reverse().flat()]);
      this.#people.set(tab, intent.accounts);
      return { ...intent, accounts: [...accounts].slice(0, WATCHED) };
    }
    return intent;
  }

  #want(tab: string, intent: Intent): void {
    this.call(tab, { id: 0, intent, token: '', again: false });
  }
}
