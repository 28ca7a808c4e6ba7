/** Where in the app the person is. */
export type Route =
  | { page: 'home' }
  | { page: 'room'; room: string }
  | { page: 'login' }
  | { page: 'register' }
  | { page: 'setup' }
  | { page: 'join' };

/** Secrets that came in links. They leave the address bar at once and live only as long as this tab. */
export interface LinkSecrets {
  setup: string | null;
  invite: string | null;
}

const KEYS = { setup: 'waxwing.setup', invite: 'waxwing.invite' } as const;
const ID = /^[A-Za-z0-9_-]{1,200}$/;
const SECRET = /^[A-Za-z0-9_.~=+-]{1,4096}$/;

/** Reads the part of an address after `#`; anything unknown is the home page. */
export function parseHash(hash: string): { route: Route; secrets: Partial<LinkSecrets> } {
  const [page = '', argument = ''] = hash.replace(/^#?\/?/, '').split('/', 2);
  if (page === 'login' || page === 'register') return { route: { page }, secrets: {} };
  if (page === 'room' && ID.test(argument)) return { route: { page, room: argument }, secrets: {} };
  if (page === 'setup') return { route: { page }, secrets: SECRET.test(argument) ? { setup: argument } : {} };
  if (page === 'join') return { route: { page }, secrets: SECRET.test(argument) ? { invite: argument } : {} };
  return { route: { page: 'home' }, secrets: {} };
}

/** The secret part of an invite, from a whole link or from that part alone; null when it is neither. */
export function inviteFrom(text: string): string | null {
  const trimmed = text.trim();
  const at = trimmed.lastIndexOf('#/join/');
  const secret = at >= 0 ? trimmed.slice(at + '#/join/'.length) : trimmed;
  return SECRET.test(secret) ? secret : null;
}

/** The address part of a route. */
export function hashOf(route: Route): string {
  if (route.page === 'room') return `#/room/${route.room}`;
  return route.page === 'home' ? '#/' : `#/${route.page}`;
}

/** What the router needs of a browser window. */
export interface RouterWindow {
  location: { hash: string };
  history: { replaceState(data: unknown, unused: string, url: string): void; back(): void };
  sessionStorage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  addEventListener(type: 'hashchange', listener: () => void): void;
}

/** Follows the address bar. */
export class Router {
  readonly #window: RouterWindow;
  route = $state.raw<Route>({ page: 'home' });
  setup = $state.raw<string | null>(null);
  invite = $state.raw<string | null>(null);

  constructor(window: RouterWindow) {
    this.#window = window;
    this.setup = window.sessionStorage.getItem(KEYS.setup);
    this.invite = window.sessionStorage.getItem(KEYS.invite);
    this.#read();
    window.addEventListener('hashchange', () => this.#read());
  }

  /** Goes somewhere, with an entry in the history. */
  go(route: Route): void {
    this.#window.location.hash = hashOf(route);
    this.route = route;
  }

  /** Goes somewhere in place of the current entry of the history. */
  replace(route: Route): void {
    this.#window.history.replaceState(null, '', hashOf(route));
    this.route = route;
  }

  /** Keeps or forgets a secret of a link. */
  keep(name: keyof LinkSecrets, value: string | null): void {
    this[name] = value;
    if (value === null) this.#window.sessionStorage.removeItem(KEYS[name]);
    else this.#window.sessionStorage.setItem(KEYS[name], value);
  }

  #read(): void {
    const { route, secrets } = parseHash(this.#window.location.hash);
    if (secrets.setup !== undefined) this.keep('setup', secrets.setup);
    if (secrets.invite !== undefined) this.keep('invite', secrets.invite);
    if (secrets.setup !== undefined || secrets.invite !== undefined) this.replace(route);
    else this.route = route;
  }
}
