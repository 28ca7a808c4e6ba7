import { describe, expect, it } from 'vitest';
import { newWrappingKey, unwrap, wrap } from './wrap';

const secret = () => new Uint8Array([1, 2, 3, 4]);

describe('wrapping of secrets', () => {
  it('gives back what was wrapped, and wipes the bare copy', async () => {
    const key = await newWrappingKey();
    const bare = secret();
    const wrapped = await wrap(key, 's/vault', bare);
    expect(bare).toEqual(new Uint8Array(4));
    expect(await unwrap(key, 's/vault', wrapped)).toEqual(secret());
  });

  it('refuses another name, another key and an altered value', async () => {
    const key = await newWrappingKey();
    const wrapped = await wrap(key, 's/vault', secret());
    await expect(unwrap(key, 's/other', wrapped)).rejects.toThrow();
    await expect(unwrap(await newWrappingKey(), 's/vault', wrapped)).rejects.toThrow();
    const ct = wrapped.ct.slice(0);
    new Uint8Array(ct)[0]! ^= 1;
    await expect(unwrap(key, 's/vault', { ...wrapped, ct })).rejects.toThrow();
  });

  it('makes keys that cannot be read out', async () => {
    const key = await newWrappingKey();
    await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow();
  });

  it('never uses a nonce twice', async () => {
    const key = await newWrappingKey();
    const ivs = await Promise.all([1, 2, 3].map(async () => (await wrap(key, 'n', secret())).iv.join()));
    expect(new Set(ivs).size).toBe(3);
  });
});
