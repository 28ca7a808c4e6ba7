import type { Contact, Identity, Person } from '../engine/api';
import type { Maybe } from '../engine/api/maybe';
import type { EngineClient } from '../engine/client';
import { cleanName, folded } from './text';

/** Rooms change in bursts: what they change about contacts is asked for once, so long after the first of them. */
const LATER_MS = 300;

/** Whom the account knows. Asked for while somebody looks at them, and again when rooms have changed. */
export class Contacts {
  readonly #engine: Pick<EngineClient, 'call'>;
  #looking = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;
  /** Null until the engine has answered. */
  all = $state.raw<readonly Contact[] | null>(null);
  readonly talking: readonly Contact[] = $derived((this.all ?? []).filter((contact) => !contact.blocked));
  readonly blocked: readonly Contact[] = $derived((this.all ?? []).filter((contact) => contact.blocked));

  constructor(engine: Pick<EngineClient, 'call'>) {
    this.#engine = engine;
  }

  /** Somebody looks at them until the answer is called. */
  look(): () => void {
    this.#looking += 1;
    void this.ask();
    return () => (this.#looking -= 1);
  }

  async ask(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const asked = (this.#asked += 1);
    try {
      const { contacts } = await this.#engine.call({ type: 'contacts' });
      if (asked === this.#asked) this.all = contacts;
    } catch {
      // Another tab has just taken over: what is shown stays, and the next change asks again.
    }
  }

  /** Something has changed that may be about them. */
  stale(): void {
    if (this.#looking > 0) this.#timer ??= setTimeout(() => void this.ask(), LATER_MS);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#asked += 1;
    this.all = null;
  }
}

/** What a list of people shows: contacts, or members of rooms. */
export interface Named {
  account: string;
  name: string;
  username?: Maybe<string>;
  identity: Identity;
}

/** What to call somebody: their name, or else their username. */
export function contactName(contact: Pick<Named, 'name' | 'username'>): string {
  const name = cleanName(contact.name);
  return name === '' ? (contact.username ?? '') : name;
}

/** Contacts and people from rooms together, once each, by name. */
export function everybody(
  contacts: readonly Contact[],
  people: readonly Person[],
  compare: (a: string, b: string) => number,
): Named[] {
  const all = new Map<string, Named>(people.map((person) => [person.account, person]));
  for (const contact of contacts) {
    const name = cleanName(contact.name) === '' ? (all.get(contact.account)?.name ?? '') : contact.name;
    all.set(contact.account, { ...contact, name });
  }
  return [...all.values()].sort((a, b) => compare(contactName(a), contactName(b)));
}

/** Those whose name or username contains what was typed. */
export function matching<T extends Named>(people: readonly T[], typed: string): readonly T[] {
  const wanted = folded(typed.trim().replace(/^@/, ''));
  const names = (person: Named) => [cleanName(person.name), person.username ?? ''];
  return people.filter((person) => names(person).some((name) => folded(name).includes(wanted)));
}
