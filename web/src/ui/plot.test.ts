import { describe, expect, it } from 'vitest';
import { areaOf, lineOf, topOf } from './plot';

const frame = { width: 100, height: 14, count: 3, top: 10 };

describe('plots', () => {
  it('run from edge to edge, with zero at the bottom and the highest at the top', () => {
    expect(lineOf([0, 5, 10], frame)).toBe('M0 12L50 7L100 2');
    expect(areaOf([0, 5, 10], frame)).toBe('M0 14L0 12L50 7L100 2L100 14Z');
  });

  it('keep the newest value at the right edge while there are few', () => {
    expect(lineOf([10], frame)).toBe('M100 2h0');
    expect(areaOf([10], frame)).toBe('');
  });

  it('are interrupted where nothing is known', () => {
    expect(lineOf([0, null, 10], frame)).toBe('M0 12h0M100 2h0');
  });

  it('are scaled by the highest of all series and lie on the ground when all is zero', () => {
    expect(topOf([[1, null], [7]])).toBe(7);
    expect(topOf([[0, 0]])).toBe(1);
    expect(topOf([])).toBe(1);
  });
});
