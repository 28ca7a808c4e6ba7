import type { Entry, StoreOp } from './io';
import { newWrappingKey, unwrap, wrap, type Wrapped } from './wrap';

const ENTRIES = 'entries';
const DEVICE = 'device';
const WRAPPING_KEY = 'wrapping-key';
const FENCE = 'fence';

/** Another tab has taken the store over; nothing was written. */
export class Fenced extends Error {
  constructor() {
    super('the store was taken over by another tab');
    this.name = 'Fenced';
  }
}

/**
 * The machine's key-value store in IndexedDB. A batch is one transaction that is on disk before `persist` resolves.
 * Bare secrets are encrypted with a key that this origin can use but never read out.
 */
export class Store {
  readonly #db: IDBDatabase;
  readonly #fence: string;
  #key: CryptoKey;

  private constructor(db: IDBDatabase, fence: string, key: CryptoKey) {
    this.#db = db;
    this.#fence = fence;
    this.#key = key;
  }

  /** Opens the store and shuts out whoever had it before. */
  static async claim(name: string): Promise<Store> {
    const db = await openDatabase(name);
    const fence = crypto.randomUUID();
    const fresh = await newWrappingKey();
    const tx = db.transaction(DEVICE, 'readwrite', { durability: 'strict' });
    const device = tx.objectStore(DEVICE);
    device.put(fence, FENCE);
    let key = fresh;
    const kept = device.get(WRAPPING_KEY);
    kept.onsuccess = () => {
      if (kept.result instanceof CryptoKey) key = kept.result;
      else device.put(fresh, WRAPPING_KEY);
    };
    await committed(tx);
    return new Store(db, fence, key);
  }

  /** Entries with `from <= key < to`, at most `limit`, in ascending or descending order of their keys. */
  async load(from: string, to: string, limit: number, reverse: boolean): Promise<Entry[]> {
    if (!(from < to) || limit <= 0) return [];
    const range = IDBKeyRange.bound(from, to, false, true);
    const found = reverse ? await this.#loadBackwards(range, limit) : await this.#loadForwards(range, limit);
    return Promise.all(
      found.map(async ([key, value]): Promise<Entry> => [key, await this.#open(key, value)]),
    );
  }

  /** Carries out all of `ops` or none of them. */
  async persist(ops: StoreOp[]): Promise<void> {
    // Encryption comes first: a transaction ends by itself as soon as it has nothing to do.
    const renewed = ops.some((op) => op.type === 'clear') ? await newWrappingKey() : null;
    const key = renewed ?? this.#key;
    const writes = await Promise.all(
      ops.map(async (op) => (op.type === 'put' && op.secret ? await wrap(key, op.key, op.value) : null)),
    );
    const tx = this.#db.transaction([ENTRIES, DEVICE], 'readwrite', { durability: 'strict' });
    const entries = tx.objectStore(ENTRIES);
    const device = tx.objectStore(DEVICE);
    let fenced = false;
    const holder = device.get(FENCE);
    holder.onsuccess = () => {
      fenced = holder.result !== this.#fence;
      if (fenced) return tx.abort();
      if (renewed) device.put(renewed, WRAPPING_KEY);
      ops.forEach((op, i) => {
        if (op.type === 'clear') entries.clear();
        else if (op.type === 'delete') entries.delete(op.key);
        else if (op.type === 'deleteRange') entries.delete(IDBKeyRange.bound(op.from, op.to, false, true));
        else entries.put(writes[i] ?? op.value, op.key);
      });
    };
    try {
      await committed(tx);
    } catch (error) {
      throw fenced ? new Fenced() : error;
    }
    this.#key = key;
  }

  close(): void {
    this.#db.close();
  }

  async #loadForwards(range: IDBKeyRange, limit: number): Promise<[string, unknown][]> {
    const count = Number.isFinite(limit) ? limit : undefined;
    const entries = this.#db.transaction(ENTRIES).objectStore(ENTRIES);
    const [keys, values] = await Promise.all([
      done(entries.getAllKeys(range, count)),
      done(entries.getAll(range, count)),
    ]);
    return keys.map((key, i) => [String(key), values[i]]);
  }

  #loadBackwards(range: IDBKeyRange, limit: number): Promise<[string, unknown][]> {
    const entries = this.#db.transaction(ENTRIES).objectStore(ENTRIES);
    const found: [string, unknown][] = [];
    return new Promise((resolve, reject) => {
      const request = entries.openCursor(range, 'prev');
      request.onerror = () => reject(request.error ?? new Error('cursor failed'));
      request.onsuccess = () => {
        const cursor = request.result;
        if (!cursor) return resolve(found);
        found.push([String(cursor.key), cursor.value]);
        if (found.length >= limit) return resolve(found);
        cursor.continue();
      };
    });
  }

  async #open(key: string, value: unknown): Promise<Uint8Array> {
    return value instanceof Uint8Array ? value : unwrap(this.#key, key, value as Wrapped);
  }
}

function openDatabase(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(ENTRIES);
      request.result.createObjectStore(DEVICE);
    };
    request.onerror = () => reject(request.error ?? new Error('cannot open the store'));
    request.onsuccess = () => {
      const db = request.result;
      // A newer version of the app in another tab must be able to upgrade the database.
      db.onversionchange = () => db.close();
      resolve(db);
    };
  });
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('request failed'));
  });
}

function committed(tx: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    tx.oncomplete = () => resolve();
    tx.onabort = () => reject(tx.error ?? new Error('transaction aborted'));
  });
}
