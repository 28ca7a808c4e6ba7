/** Where in the app the person is. */
export type Route =
  | { page: 'home' }
  | { page: 'room'; room: string }
  | { page: 'login' }
  | { page: 'register' }
  | { page: 'setup' }
  | { page: 'recover' }
  | { page: 'guest' }
  | { page: 'join' }
  /** Who somebody is, as their link says. */
  | { page: 'contact' }
  /** The person's own settings; without a section it is the menu. */
  | { page: 'settings'; section: string | null }
  /** The administrator's desk: a section and, inside of it, one thing. */
  | { page: 'admin'; section: string | null; item: string | null };

/** Secrets that came in links. They leave the address bar at once and live only as long as this tab. */
export interface LinkSecrets {
  setup: string | null;
  /** To a room. */
  invite: string | null;
  /** To this relay: the operator's invite code. */
  admission: string | null;
  /** To a person. */
  contact: string | null;
}

const KEYS = {
  setup: 'waxwing.setup',
  invite: 'waxwing.invite',
  admission: 'waxwing.admission',
  contact: 'waxwing.contact',
} as const;
const ID = /^[A-Za-z0-9_-]{1,200}$/;
const SECRET = /^[A-Za-z0-9_.~=+-]{1,4096}$/;

/** Reads the part of an address after `#`; anything unknown is the home page. */
export function parseHash(hash: string): { route: Route; secrets: Partial<LinkSecrets> } {
  const [page = '', argument = '', item = ''] = hash.replace(/^#?\/?/, '').split('/', 3);
  if (page === 'login' || page === 'register' || page === 'recover' || page === 'guest')
    return { route: { page }, secrets: {} };
  if (page === 'settings') return { route: { page, section: idIn(argument) }, secrets: {} };
  if (page === 'admin') return { route: { page, section: idIn(argument), item: idIn(item) }, secrets: {} };
  if (page === 'room' && ID.test(argument)) return { route: { page, room: argument }, secrets: {} };
  if (page === 'setup') return { route: { page }, secrets: SECRET.test(argument) ? { setup: argument } : {} };
  // A link that admits to the relay leads to the form that uses it.
  if (page === 'invite') {
    return { route: { page: 'register' }, secrets: SECRET.test(argument) ? { admission: argument } : {} };
  }
  if (page === 'contact')
    return { route: { page }, secrets: SECRET.test(argument) ? { contact: argument } : {} };
  if (page === 'join') return { route: { page }, secrets: SECRET.test(argument) ? { invite: argument } : {} };
  return { route: { page: 'home' }, secrets: {} };
}

function idIn(part: string): string | null {
  return ID.test(part) ? part : null;
}

/** The code that admits to a relay, from a whole link or from that part alone; null when it is neither. */
export function admissionFrom(text: string): string | null {
  return secretAfter('#/invite/', text);
}

/** The secret part of an invite, from a whole link or from that part alone; null when it is neither. */
export function inviteFrom(text: string): string | null {
  return secretAfter('#/join/', text);
}

/** The part of a contact link that tells who somebody is, from a whole link; null when it is none. */
export function contactFrom(text: string): string | null {
  return text.includes('#/contact/') ? secretAfter('#/contact/', text) : null;
}

function secretAfter(marker: string, text: string): string | null {
  const trimmed = text.trim();
  const at = trimmed.lastIndexOf(marker);
  const secret = at >= 0 ? trimmed.slice(at + marker.length) : trimmed;
  return SECRET.test(secret) ? secret : null;
}

/** The address part of a route. */
export function hashOf(route: Route): string {
  switch (route.page) {
    case 'home':
      return '#/';
    case 'room':
      return `#/room/${route.room}`;
    case 'settings':
      return ['#', 'settings', route.section].filter((part) => part !== null).join('/');
    case 'admin':
      return ['#', 'admin', route.section, route.item].filter((part) => part !== null).join('/');
    default:
      return `#/${route.page}`;
  }
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
  admission = $state.raw<string | null>(null);
  contact = $state.raw<string | null>(null);

  constructor(window: RouterWindow) {
    this.#window = window;
    this.setup = window.sessionStorage.getItem(KEYS.setup);
    this.invite = window.sessionStorage.getItem(KEYS.invite);
    this.admission = window.sessionStorage.getItem(KEYS.admission);
    this.contact = window.sessionStorage.getItem(KEYS.contact);
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
    const found = Object.entries(secrets) as [keyof LinkSecrets, string][];
    for (const [name, value] of found) this.keep(name, value);
    if (found.length > 0) this.replace(route);
    else this.route = route;
  }
}
