// What the protocol is made of, from Node's OpenSSL; only ML-KEM is from a library, because this OpenSSL has none.

import crypto from "node:crypto";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";

export const utf8 = (text) => Buffer.from(text, "utf8");
export const unhex = (text) => Buffer.from(text, "hex");
export const concat = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));
export const u8 = (number) => Buffer.from([number]);

/** An unsigned integer of `bytes` bytes, big-endian. */
export function uint(number, bytes) {
  return unhex(BigInt(number).toString(16).padStart(bytes * 2, "0"));
}

export const u16 = (number) => uint(number, 2);
export const u32 = (number) => uint(number, 4);
export const u64 = (number) => uint(number, 8);

/** L(label, fields...) */
export function labelled(label, ...fields) {
  return concat(...[utf8(label), ...fields].flatMap((part) => [u32(part.length), part]));
}

export const hash = (name, ...parts) => crypto.createHash(name).update(concat(...parts)).digest();
export const sha256 = (...parts) => hash("sha256", ...parts);
export const sha512 = (...parts) => hash("sha512", ...parts);
/** H(label, fields...) */
export const digest = (label, ...fields) => sha256(labelled(label, ...fields));

export const hmac = (name, key, data) => crypto.createHmac(name, key).update(data).digest();

/** The second half of HKDF (RFC 5869 section 2.3). */
export function expand(name, prk, info, length) {
  let [out, block] = [Buffer.alloc(0), Buffer.alloc(0)];
  for (let counter = 1; out.length < length; counter += 1) {
    block = hmac(name, prk, concat(block, info, u8(counter)));
    out = concat(out, block);
  }
  return out.subarray(0, length);
}

export const hkdf = (salt, key, info, length) =>
  expand("sha256", hmac("sha256", salt.length > 0 ? salt : Buffer.alloc(32), key), info, length);

export const derive = (key, label, ...fields) => hkdf(Buffer.alloc(0), key, labelled(label, ...fields), 32);

function aead(name, key, nonce, plaintext, data) {
  const cipher = crypto.createCipheriv(name, key, nonce, { authTagLength: 16 });
  cipher.setAAD(data, { plaintextLength: plaintext.length });
  return concat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

export const chacha20Poly1305 = (...of) => aead("chacha20-poly1305", ...of);
export const aes256Gcm = (...of) => aead("aes-256-gcm", ...of);

export function openAes256Gcm(key, nonce, ciphertext, data) {
  const cipher = crypto.createDecipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(data);
  cipher.setAuthTag(ciphertext.subarray(-16));
  return concat(cipher.update(ciphertext.subarray(0, -16)), cipher.final());
}

/** The next length of the padding rule. */
export function roundUp(total) {
  const log2 = (number) => 31 - Math.clz32(number);
  if (total <= 4096) return Math.max(512, total <= 1 ? 1 : 2 ** (log2(total - 1) + 1));
  const exponent = log2(total);
  const step = 2 ** (exponent - log2(exponent) - 1);
  return Math.ceil(total / step) * step;
}

export const paddedLength = (content) => roundUp(content + 4);
export const zeros = (bytes) => Buffer.alloc(bytes);

export function padded(content) {
  return concat(u32(content.length), content, zeros(paddedLength(content.length) - content.length - 4));
}

export function seal(key, type, context, plaintext, salt) {
  const fields = [u8(1), u8(type), context];
  const keys = hkdf(salt, key, labelled("Waxwing 1 seal", ...fields), 64);
  const data = labelled("Waxwing 1 seal", u8(1), ...fields);
  const sealed = chacha20Poly1305(keys.subarray(0, 32), zeros(12), padded(plaintext), data);
  return concat(u8(1), u8(1), salt, keys.subarray(32), sealed);
}

/** Variable-size vector of RFC 9420 section 2.1.2. */
function vector(content) {
  if (content.length < 64) return concat(u8(content.length), content);
  if (content.length < 16384) return concat(u16(0x4000 + content.length), content);
  return concat(u32(0x80000000 + content.length), content);
}

const pkcs8 = (oid, seed) => ({
  key: concat(unhex(`302e020100300506032b65${oid}04220420`), seed),
  format: "der",
  type: "pkcs8",
});
const spki = (oid, key) => ({ key: concat(unhex(`302a300506032b65${oid}032100`), key), format: "der", type: "spki" });
const raw = (key) => crypto.createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32);
const ed25519 = (seed) => crypto.createPrivateKey(pkcs8("70", seed));

export const ed25519Public = (seed) => raw(ed25519(seed));

/** A signature over SignContent of RFC 9420 section 5.1.2. */
export function sign(seed, label, content) {
  return crypto.sign(null, concat(vector(utf8(label)), vector(content)), ed25519(seed));
}

export function verifies(key, label, content, signature) {
  const signed = concat(vector(utf8(label)), vector(content));
  return crypto.verify(null, signed, crypto.createPublicKey(spki("70", key)), signature);
}

/** CBOR of integers, byte and text strings, booleans, null and arrays (RFC 8949 section 4.2.1). */
export function cbor(value) {
  const head = (major, number) => {
    if (number < 24) return u8(major * 32 + number);
    const form = [0, 1, 2, 3].find((form) => number < 2 ** (8 << form));
    return concat(u8(major * 32 + 24 + form), uint(number, 1 << form));
  };
  if (value === null || value === undefined) return u8(0xf6);
  if (typeof value === "boolean") return u8(value ? 0xf5 : 0xf4);
  if (typeof value === "number") return head(0, value);
  if (typeof value === "string") return concat(head(3, utf8(value).length), utf8(value));
  if (Array.isArray(value)) return concat(head(4, value.length), ...value.map(cbor));
  return concat(head(2, value.length), value);
}

const shake256 = (data, outputLength) => crypto.createHash("shake256", { outputLength }).update(data).digest();

/** An X-Wing key pair of a seed, as HPKE derives it. */
export function xwing(seed) {
  const expanded = shake256(shake256(seed, 32), 96);
  const kem = ml_kem768.keygen(expanded.subarray(0, 64));
  const dh = crypto.createPrivateKey(pkcs8("6e", expanded.subarray(64)));
  return { kem: kem.secretKey, dh, dhPublic: raw(dh), public: concat(kem.publicKey, raw(dh)) };
}

/** Opens what was sealed to an X-Wing key: HPKE (RFC 9180 section 5.1), mode base, HKDF-SHA384, AES-256-GCM. */
export function openHpke(pair, label, data, sealed) {
  const [encapsulated, ciphertext] = [sealed.subarray(2, 1122), sealed.subarray(1122)];
  const share = encapsulated.subarray(1088);
  const publicKey = crypto.createPublicKey(spki("6e", share));
  const dh = crypto.diffieHellman({ privateKey: pair.dh, publicKey });
  const kem = ml_kem768.decapsulate(encapsulated.subarray(0, 1088), pair.kem);
  const shared = hash("sha3-256", kem, dh, share, pair.dhPublic, utf8("\\.//^\\"));

  const suite = concat(utf8("HPKE"), u16(0x647a), u16(2), u16(2));
  const extract = (salt, name, key) =>
    hmac("sha384", salt.length > 0 ? salt : zeros(48), concat(utf8("HPKE-v1"), suite, utf8(name), key));
  const none = Buffer.alloc(0);
  const context = concat(u8(0), extract(none, "psk_id_hash", none), extract(none, "info_hash", labelled(label)));
  const secret = extract(shared, "secret", none);
  const expanded = (name, length) =>
    expand("sha384", secret, concat(u16(length), utf8("HPKE-v1"), suite, utf8(name), context), length);
  return openAes256Gcm(expanded("key", 32), expanded("base_nonce", 12), ciphertext, data);
}
