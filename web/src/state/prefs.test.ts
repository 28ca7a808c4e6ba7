import { expect, it } from 'vitest';
import { Prefs } from './prefs.svelte';
import { memoryStorage } from './testing';

it('keeps choices and takes nothing but known ones', () => {
  const storage = memoryStorage({ 'waxwing.theme': 'purple', 'waxwing.language': 'xx' });
  const prefs = new Prefs(storage);
  expect([prefs.theme, prefs.language, prefs.shortcuts, prefs.remembered]).toEqual([
    'system',
    null,
    true,
    false,
  ]);
  prefs.theme = 'dark';
  prefs.language = 'de';
  prefs.shortcuts = false;
  prefs.remembered = true;
  const again = new Prefs(storage);
  expect([again.theme, again.language, again.shortcuts, again.remembered]).toEqual([
    'dark',
    'de',
    false,
    true,
  ]);
  again.theme = 'system';
  again.language = null;
  again.shortcuts = true;
  again.remembered = false;
  expect(storage.map.size).toBe(0);
});

it('works without a storage that works', () => {
  const prefs = new Prefs({
    ...memoryStorage(),
    setItem: () => {
      throw new DOMException('full', 'QuotaExceededError');
    },
  });
  prefs.theme = 'dark';
  expect(prefs.theme).toBe('dark');
});
