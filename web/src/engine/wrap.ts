/** A secret as it lies in IndexedDB. */
export interface Wrapped {
  iv: Uint8Array<ArrayBuffer>;
  ct: ArrayBuffer;
}

/** AES-256-GCM key that scripts may use, but nobody can export. */
export function newWrappingKey(): Promise<CryptoKey> {
  return crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}

/** Encrypts `value`, bound to the name it is stored under, and wipes the bare copy. */
export async function wrap(key: CryptoKey, name: string, value: Uint8Array): Promise<Wrapped> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const bare = new Uint8Array(value);
  value.fill(0);
  const ct = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: bytesOf(name) }, key, bare);
  bare.fill(0);
  return { iv, ct };
}

/** Decrypts what `wrap` made; fails when it was stored under another name or altered. */
export async function unwrap(key: CryptoKey, name: string, { iv, ct }: Wrapped): Promise<Uint8Array> {
  return new Uint8Array(
    await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData: bytesOf(name) }, key, ct),
  );
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
