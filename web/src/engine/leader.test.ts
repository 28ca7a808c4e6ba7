import { afterEach, expect, test, vi } from 'vitest';
import { Leader } from './leader';

interface Request {
  grant(): void;
  drop(): void;
}

/** The locks of a browser, for one name: a line, a holder, and thieves. */
class Locks {
  #holder: Request | null = null;
  #line: Request[] = [];

  request(_name: string, options: LockOptions, held: () => Promise<void> | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const request: Request = {
        grant: () => {
          this.#holder = request;
          void Promise.resolve(held()).then(() => {
            resolve();
            // The one who let go hears of it first.
            setTimeout(() => this.#holder === request && this.#next());
          });
        },
        drop: () => reject(new DOMException('stolen', 'AbortError')),
      };
      options.signal?.addEventListener('abort', () => {
        this.#line = this.#line.filter((other) => other !== request);
        request.drop();
      });
      if (options.steal) {
        this.#holder?.drop();
        request.grant();
      } else {
        this.#line.push(request);
        if (this.#holder === null) this.#next();
      }
    });
  }

  #next(): void {
    this.#holder = null;
    this.#line.shift()?.grant();
  }
}

afterEach(() => void vi.unstubAllGlobals());

const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

function tabs(count: number) {
  const log: string[] = [];
  vi.stubGlobal('navigator', { locks: new Locks() });
  const leaders = Array.from({ length: count }, (_, i) => {
    return new Leader(
      'engine',
      () => log.push(`${i} leads`),
      () => log.push(`${i} follows`),
    );
  });
  return { log, leaders };
}

test('tabs lead one after the other', async () => {
  const { log, leaders } = tabs(3);
  for (const leader of leaders) leader.queue();
  await settled();
  expect(log).toEqual(['0 leads']);
  leaders[0]?.resign();
  await settled();
  leaders[1]?.resign();
  await settled();
  expect(log).toEqual(['0 leads', '0 follows', '1 leads', '1 follows', '2 leads']);
});

test('a tab that takes over does not lead once more when its turn in the line comes', async () => {
  const { log, leaders } = tabs(2);
  for (const leader of leaders) leader.queue();
  leaders[1]?.takeOver();
  await settled();
  expect(log).toEqual(['0 leads', '1 leads', '0 follows']);
  leaders[1]?.takeOver();
  leaders[0]?.queue();
  leaders[1]?.resign();
  await settled();
  expect(log.slice(3)).toEqual(['1 follows', '0 leads']);
});

test('a tab that gave up its place in the line is passed over', async () => {
  const { log, leaders } = tabs(3);
  for (const leader of leaders) leader.queue();
  leaders[1]?.resign();
  leaders[0]?.resign();
  await settled();
  expect(log).toEqual(['0 leads', '0 follows', '2 leads']);
});
