import { Calls } from './calls';
import { Hub } from './hub';
import { Leader } from './leader';
import { LocalEngine } from './local';
import type { EngineStatus, FatalReason, FromWorker, ToWorker } from './protocol';
import {
  type Call,
  channelOf,
  LEADER_CHANNEL,
  lifeOf,
  NAME,
  TABS_CHANNEL,
  type ToLeader,
  type ToTab,
} from './tabs';

/** How often a tab that somebody looks at asks whether the leading one is still awake. */
const ASK_MS = 2_000;
/** So many questions without an answer, and this tab takes over: a phone puts the tabs to sleep that nobody sees. */
const UNANSWERED = 3;

/** An engine of this tab, while this tab leads. */
interface Term {
  id: string;
  engine: LocalEngine;
  hub: Hub;
  /** The machine has told what it found in the store: other tabs can be told of it, too. */
  ready: boolean;
  /** Where other tabs ask. */
  channel: BroadcastChannel;
  /** Where they are answered. */
  lines: Map<string, BroadcastChannel>;
  /** Ends the waits for the ends of other tabs. */
  over: AbortController;
}

/** One tab: runs the engine for all tabs of the browser, or speaks to the tab that does. */
export class Host {
  readonly #tab: string;
  readonly #build: string;
  readonly #page: (message: FromWorker) => void;
  readonly #calls: Calls;
  readonly #leader: Leader;
  readonly #toLeader = new BroadcastChannel(LEADER_CHANNEL);
  readonly #tabs = new BroadcastChannel(TABS_CHANNEL);
  readonly #own: BroadcastChannel;
  #status: EngineStatus = { type: 'starting' };
  /** The engine that this tab's page hears, here or in another tab. */
  #engine: string | null = null;
  #term: Term | null = null;
  #online = true;
  #visible = false;
  #unanswered = 0;

  /** `build` tells versions of the app apart; `page` is told what the page is to know. */
  constructor(tab: string, build: string, page: (message: FromWorker) => void) {
    this.#tab = tab;
    this.#build = build;
    this.#page = page;
    this.#calls = new Calls((engine, call) => this.#ask(engine, call), page, Date.now);
    this.#leader = new Leader(
      NAME,
      () => void this.#lead(),
      () => this.#follow(),
    );
    this.#own = new BroadcastChannel(channelOf(tab));
    this.#own.onmessage = ({ data }: MessageEvent<ToTab>) => this.#hear(data);
    this.#tabs.onmessage = () => this.#greet();
  }

  async open(): Promise<void> {
    await alive(this.#tab);
    this.#leader.queue();
    this.#greet();
    setInterval(() => this.#look(), ASK_MS);
  }

  receive(message: ToWorker): void {
    switch (message.type) {
      case 'call':
        if (this.#status.type === 'fatal' || this.#status.type === 'elsewhere') this.#refuse(message.id);
        else this.#calls.add(message.id, message.intent);
        return;
      case 'takeOver':
        return this.#leader.takeOver();
      case 'visible':
        this.#visible = message.visible;
        if (message.visible) this.#greet();
        return;
      case 'network':
        this.#online = message.online;
        this.#term?.engine.network(message.online);
    }
  }

  // What a tab does that follows.

  /** Tells whoever leads that this tab is here; the answer says who that is. */
  #greet(): void {
    if (this.#term || this.#status.type === 'fatal') return;
    this.#send({ type: 'here', leader: this.#engine });
  }

  /** Somebody looks at this tab: whoever leads has to be awake. */
  #look(): void {
    if (this.#term || !this.#visible || this.#status.type === 'fatal' || this.#status.type === 'elsewhere') {
      this.#unanswered = 0;
    } else if (this.#unanswered >= UNANSWERED) {
      this.#unanswered = 0;
      this.#leader.takeOver();
    } else {
      this.#unanswered += 1;
      this.#greet();
    }
  }

  #hear(message: ToTab): void {
    if (this.#term || this.#status.type === 'fatal') return;
    this.#unanswered = 0;
    switch (message.type) {
      case 'welcome':
        this.#engine = message.leader;
        return;
      case 'alive':
        return;
      case 'stranger':
        this.#engine = null;
        this.#say({ type: 'elsewhere' });
        return this.#calls.refuseAll({ code: 'elsewhere', message: 'The engine runs in another tab.' });
      case 'told':
        if (message.leader === this.#engine) this.#told(message.message);
    }
  }

  /** From the engine, wherever it is, to the page. */
  #told(message: FromWorker): void {
    if (message.type === 'reply' || message.type === 'refused') return this.#calls.answered(message);
    this.#page(message);
    if (message.type !== 'snapshot' || this.#engine === null) return;
    this.#say({ type: 'ready' });
    this.#calls.engine(this.#engine);
  }

  #ask(engine: string, call: Call): void {
    if (this.#term?.id === engine) this.#term.hub.call(this.#tab, call);
    else this.#send({ type: 'call', leader: engine, call });
  }

  #send(
    message: { type: 'here'; leader: string | null } | { type: 'call'; leader: string; call: Call },
  ): void {
    this.#toLeader.postMessage({ tab: this.#tab, build: this.#build, ...message } satisfies ToLeader);
  }

  // What a tab does that leads.

  async #lead(): Promise<void> {
    if (this.#status.type === 'fatal') return this.#leader.resign();
    const id = crypto.randomUUID();
    const engine = new LocalEngine({
      post: (message) => hub.publish(message),
      displaced: () => this.#follow(),
      failed: (reason, error) => this.#fail(reason, error),
    });
    const hub = new Hub({
      ask: (call) => engine.call(call),
      tell: (tab, message) => {
        if (tab !== this.#tab)
          line(term, tab).postMessage({ type: 'told', leader: id, message } satisfies ToTab);
        else if (this.#term === term) this.#told(message);
      },
    });
    const channel = new BroadcastChannel(LEADER_CHANNEL);
    const term: Term = {
      id,
      engine,
      hub,
      ready: false,
      channel,
      lines: new Map(),
      over: new AbortController(),
    };
    channel.onmessage = ({ data }: MessageEvent<ToLeader>) => this.#serve(term, data);
    this.#term = term;
    this.#calls.interrupted();
    if (this.#status.type === 'elsewhere') this.#say({ type: 'starting' });
    if (!(await engine.start(this.#online)) || this.#term !== term) return;
    term.ready = true;
    this.#engine = id;
    hub.welcome(this.#tab);
    this.#tabs.postMessage(null);
  }

  /** Another tab wants something. */
  #serve(term: Term, message: ToLeader): void {
    const { id, hub, over } = term;
    const { tab } = message;
    if (tab === this.#tab || this.#term !== term) return;
    const known = hub.knows(tab) && message.leader === id;
    if (message.build !== this.#build) {
      line(term, tab).postMessage({ type: 'stranger' } satisfies ToTab);
      close(term, tab);
    } else if (message.type === 'call') {
      // What was meant for an engine before this one is asked again by its tab.
      if (known) hub.call(tab, message.call);
    } else if (known || !term.ready) {
      line(term, tab).postMessage({ type: 'alive', leader: id } satisfies ToTab);
    } else {
      if (!hub.knows(tab)) void ended(tab, over.signal).then((gone) => gone && this.#gone(term, tab));
      line(term, tab).postMessage({ type: 'welcome', leader: id } satisfies ToTab);
      hub.welcome(tab);
    }
  }

  #gone(term: Term, tab: string): void {
    term.hub.gone(tab);
    close(term, tab);
  }

  /** Another tab leads now. */
  #follow(): void {
    if (this.#status.type === 'fatal') return;
    if (this.#halt()) {
      this.#engine = null;
      this.#calls.interrupted();
    }
    this.#leader.queue();
    this.#greet();
  }

  #fail(reason: FatalReason, error: unknown): void {
    console.error('engine stopped:', reason, error);
    this.#halt();
    this.#say({ type: 'fatal', reason });
    this.#calls.refuseAll({ code: 'fatal', message: 'The engine does not run here any more.' });
    this.#leader.resign();
  }

  /** Ends the own engine; false if there was none. */
  #halt(): boolean {
    const term = this.#term;
    this.#term = null;
    if (!term) return false;
    term.engine.stop();
    term.channel.close();
    for (const channel of term.lines.values()) channel.close();
    term.over.abort();
    return true;
  }

  #refuse(id: number): void {
    const failure = { code: this.#status.type, message: 'The engine does not run here.' };
    this.#page({ type: 'refused', id, failure });
  }

  #say(status: EngineStatus): void {
    this.#status = status;
    this.#page({ type: 'status', status });
  }
}

/** Where a tab is told; always the same channel, so that everything comes in order. */
function line({ lines }: Term, tab: string): BroadcastChannel {
  const channel = lines.get(tab) ?? new BroadcastChannel(channelOf(tab));
  lines.set(tab, channel);
  return channel;
}

function close({ lines }: Term, tab: string): void {
  lines.get(tab)?.close();
  lines.delete(tab);
}

/** Holds the lock that others take when this tab is gone. Resolves when it is held. */
function alive(tab: string): Promise<void> {
  return new Promise((resolve) => {
    void navigator.locks.request(lifeOf(tab), () => {
      resolve();
      return new Promise<never>(() => undefined);
    });
  });
}

/** Resolves to true when a tab is gone; to false if nobody wants to know any more. */
async function ended(tab: string, signal: AbortSignal): Promise<boolean> {
  try {
    return await navigator.locks.request(lifeOf(tab), { signal }, () => true);
  } catch {
    return false;
  }
}
