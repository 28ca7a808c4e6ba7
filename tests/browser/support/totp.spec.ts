import { expect, test } from '@playwright/test';
import { codeAtStep, nextStep, stepAt } from './totp.ts';

// RFC 6238, appendix B, SHA-1; the last six of its eight digits. The secret is the base32 of "12345678901234567890".
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const VECTORS: [seconds: number, code: string][] = [
  [59, '287082'],
  [1111111109, '081804'],
  [1111111111, '050471'],
  [1234567890, '005924'],
  [2000000000, '279037'],
  [20000000000, '353130'],
];

for (const [seconds, code] of VECTORS) {
  test(`code at ${seconds} s`, () => {
    expect(codeAtStep(SECRET, stepAt(seconds * 1000))).toBe(code);
    expect(codeAtStep('gezd gnbv gy3t qojq gezd gnbv gy3t qojq', stepAt(seconds * 1000))).toBe(code);
  });
}

test('a step is never used twice, and always within one of the current step', () => {
  let now = 1_000 * 30_000 + 5_000;
  let last: number | undefined;
  const waits: number[] = [];
  for (let call = 0; call < 6; call++) {
    const { step, waitMs } = nextStep(last, now);
    now += waitMs;
    waits.push(waitMs);
    if (last !== undefined) expect(step).toBeGreaterThan(last);
    expect(Math.abs(step - stepAt(now))).toBeLessThanOrEqual(1);
    last = step;
  }
  expect(waits).toEqual([0, 0, 0, 25_000, 30_000, 30_000]);
});

test('a code that is about to become too old is left out', () => {
  expect(nextStep(undefined, 1_000 * 30_000 + 25_000).step).toBe(1_000);
  expect(nextStep(undefined, 1_000 * 30_000 + 5_000).step).toBe(999);
});
