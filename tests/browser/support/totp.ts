import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

const STEP_MS = 30_000;
const DIGITS = 6;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** A code of the step before the current one needs this much time to arrive before it is two steps old. */
const TIME_TO_USE_MS = 10_000;

const lastSteps = new Map<string, number>();

/**
 * A code (RFC 6238, SHA-1, six digits) that the relay has not seen from this secret.
 *
 * The relay accepts no code twice and allows one step of clock difference, so up to three codes are valid at a time:
 * each call gives the next of them and waits only when all of them were used.
 */
export async function nextCode(secret: string): Promise<string> {
  const { step, waitMs } = nextStep(lastSteps.get(secret), Date.now());
  lastSteps.set(secret, step);
  await sleep(waitMs);
  return codeAtStep(secret, step);
}

/** The first unused step that the relay accepts, and how long to wait for it. */
export function nextStep(last: number | undefined, nowMs: number): { step: number; waitMs: number } {
  const current = stepAt(nowMs);
  const remainingMs = (current + 1) * STEP_MS - nowMs;
  const oldest = remainingMs >= TIME_TO_USE_MS ? current - 1 : current;
  const step = Math.max(oldest, (last ?? -1) + 1);
  return { step, waitMs: Math.max(0, (step - 1) * STEP_MS - nowMs) };
}

/** The number of the 30 second step that contains a time in milliseconds since 1970. */
export function stepAt(timeMs: number): number {
  return Math.floor(timeMs / STEP_MS);
}

/** The code of one step, whether it was used or not; for tests that try a wrong or a used code. */
export function codeAtStep(secret: string, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', decodeBase32(secret)).update(counter).digest();
  const offset = mac.readUInt8(mac.length - 1) & 0xf;
  const number = mac.readUInt32BE(offset) & 0x7fff_ffff;
  return String(number % 10 ** DIGITS).padStart(DIGITS, '0');
}

/** Accepts what is shown to people as well: lower case, spaces between groups, padding. */
function decodeBase32(text: string): Buffer {
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const letter of text.toUpperCase().replace(/[\s=-]/g, '')) {
    const digit = BASE32.indexOf(letter);
    if (digit < 0) throw new Error(`not base32: ${letter}`);
    value = ((value << 5) | digit) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((value >> bits) & 0xff);
    }
  }
  return Buffer.from(bytes);
}
