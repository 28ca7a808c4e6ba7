import { describe, expect, it } from 'vitest';
import { I18n, daysBetween, negotiate } from './i18n.svelte';

const english = new I18n(() => null, ['en-GB']);
const german = new I18n(() => 'de', ['en-US']);

describe('language', () => {
  it('is the first that both sides know', () => {
    expect(negotiate(['fr-FR', 'de-AT', 'en'])).toBe('de');
    expect(negotiate(['fr'])).toBe('en');
    expect(german.language).toBe('de');
  });

  it('takes the region from the browser', () => {
    expect(english.locale).toBe('en-GB');
    expect(german.locale).toBe('de');
  });
});

describe('messages', () => {
  it('choose the plural form', () => {
    expect(english.t('room.members', { n: 1 })).toBe('1 member');
    expect(english.t('room.members', { n: 1200 })).toBe('1,200 members');
    expect(german.t('room.members', { n: 2 })).toBe('2 Mitglieder');
  });

  it('put texts of people in without reading them as patterns', () => {
    expect(english.t('composer.label', { room: '{room} $& x' })).toBe('Message {room} $& x');
    expect(english.t('item.left', { name: 'ليلى' })).toBe('\u2068ليلى\u2069 left');
  });
});

describe('dates', () => {
  const now = new Date(2026, 5, 15, 12, 0).getTime();
  const at = (year: number, month: number, day: number, hour = 9) =>
    new Date(year, month, day, hour, 5).getTime();

  it('are short in the list', () => {
    expect(english.when(at(2026, 5, 15), now)).toBe('09:05');
    expect(english.when(at(2026, 5, 14, 23), now)).toBe('Yesterday');
    expect(english.when(at(2026, 5, 12), now)).toBe('Fri');
    expect(english.when(at(2026, 4, 1), now)).toBe('01/05/26');
    // A clock that is ahead.
    expect(english.when(at(2026, 5, 16), now)).toBe('16/06/26');
  });

  it('are long above a day', () => {
    expect(english.day(at(2026, 5, 15), now)).toBe('Today');
    expect(german.day(at(2026, 5, 14), now)).toBe('Gestern');
    expect(english.day(at(2025, 0, 2), now)).toBe('2 January 2025');
  });

  it('count calendar days, not hours', () => {
    expect(daysBetween(new Date(2026, 5, 14, 23, 59).getTime(), new Date(2026, 5, 15, 0, 1).getTime())).toBe(
      1,
    );
  });
});
