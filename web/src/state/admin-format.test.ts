import { describe, expect, it } from 'vitest';
import { ago, bytes, compact, span } from './admin-format';

describe('numbers for operators', () => {
  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1400, '1.4 kB'],
    [14_000_000, '14 MB'],
    [7_340_000_000, '7.3 GB'],
    [5e15, '5,000 TB'],
  ])('%d bytes', (value, text) => {
    expect(bytes('en', value)).toBe(text);
  });

  it('speak the language of the person', () => {
    expect(bytes('de', 1_400_000)).toMatch(/^1,4\sMB$/u);
    expect(compact('en', 12_345)).toBe('12.3K');
    expect(span('de', 3 * 86_400 + 5)).toMatch(/^3\sTage$/u);
  });

  it.each([
    [0, 'now'],
    [-59_000, 'now'],
    [-61_000, '1 minute ago'],
    [-86_400_000, 'yesterday'],
    [3 * 3_600_000, 'in 3 hours'],
    [3 * 3_600_000 - 1, 'in 3 hours'],
    [7 * 86_400_000 - 60_000, 'next week'],
    [6 * 86_400_000, 'in 6 days'],
    [40_000, 'now'],
    [-20 * 86_400_000, '2 weeks ago'],
    [-800 * 86_400_000, '2 years ago'],
  ])('%d ms from now', (distance, text) => {
    expect(ago('en', 1e12 + distance, 1e12)).toBe(text);
  });

  it('are spans', () => {
    expect(span('en', 5)).toBe('5 seconds');
    expect(span('en', 7_300)).toBe('2 hours');
  });
});
