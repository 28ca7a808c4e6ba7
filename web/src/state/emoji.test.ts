import { describe, expect, it } from 'vitest';
import { GROUPS, QUICK, find, load } from './emoji';

const names = async (language: 'en' | 'de', typed: string) =>
  find(await load(language), typed).map(({ emoji }) => emoji);

describe('emoji', () => {
  it('are all there, in known groups and none twice', async () => {
    const [en, de] = await Promise.all([load('en'), load('de')]);
    expect(en.length).toBeGreaterThan(1_800);
    expect(de.map(({ emoji }) => emoji)).toEqual(en.map(({ emoji }) => emoji));
    expect(new Set(en.map(({ emoji }) => emoji)).size).toBe(en.length);
    expect(new Set(en.map(({ group }) => group))).toEqual(new Set(GROUPS));
    // A reaction is one of these: 32 bytes at most.
    for (const { emoji } of en) expect(new TextEncoder().encode(emoji).length).toBeLessThanOrEqual(32);
    for (const quick of QUICK)
      expect(
        en.some(({ emoji }) => emoji === quick),
        quick,
      ).toBe(true);
  });

  it('are found by name and tag in both languages, whatever case and accents', async () => {
    expect(await names('en', 'WAVING hand')).toContain('👋');
    expect((await names('en', 'fish')).slice(0, 6)).toContain('🐟');
    expect(await names('de', 'möwe')).toEqual(await names('de', 'mowe'));
    expect(await names('de', 'fisch')).toContain('🐟');
    expect(await names('en', ' ')).toEqual([]);
    expect(await names('en', 'qqqq')).toEqual([]);
    expect(await names('en', '🎉')).toContain('🎉');
  });
});
