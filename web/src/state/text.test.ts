import { describe, expect, it } from 'vitest';
import { HUES, byteLength, cleanName, hueOf, initials, isEmojiOnly, isRightToLeft, isolate } from './text';

describe('names', () => {
  it('loses direction controls and line breaks', () => {
    expect(cleanName('  a\u202Eb\u2066\n c ')).toBe('ab c');
  });

  it('is isolated in a sentence when it runs the other way', () => {
    expect(isolate('Mira')).toBe('Mira');
    expect(isolate('ليلى')).toBe('\u2068ليلى\u2069');
    expect(isolate('\u2069x\u202E')).toBe('x');
  });

  it.each([
    ['Mira Stone', 'MS'],
    ['mira', 'M'],
    ['Jonas von Weber', 'JV'],
    ['(ops) room', 'OR'],
    ['🦊 Fox', '🦊'],
    ['👩‍🚀', '👩‍🚀'],
    ['ليلى الحسن', 'ل'],
    ['東京 支部', '東'],
    ['...', '?'],
    ['', '?'],
  ])('initials of %s', (name, expected) => {
    expect(initials(name)).toBe(expected);
  });

  it('always has the same colour, and all colours are used', () => {
    expect(hueOf('abc')).toBe(hueOf('abc'));
    const used = new Set(Array.from({ length: 400 }, (_, i) => hueOf(`account-${i}`)));
    expect(used.size).toBe(HUES);
  });
});

it('knows the direction of a text by its first letter', () => {
  expect(isRightToLeft('12: مرحبا hello')).toBe(true);
  expect(isRightToLeft('hello مرحبا')).toBe(false);
  expect(isRightToLeft('123 🎉')).toBe(false);
});

it('knows texts of nothing but a few emoji', () => {
  expect(isEmojiOnly('🎉')).toBe(true);
  expect(isEmojiOnly('👩‍🚀 👍🏽 🇩🇪')).toBe(true);
  expect(isEmojiOnly('🎉🎉🎉🎉')).toBe(false);
  expect(isEmojiOnly('🎉!')).toBe(false);
  expect(isEmojiOnly('12')).toBe(false);
  expect(isEmojiOnly(' ')).toBe(false);
  expect(isEmojiOnly('')).toBe(false);
});

it('counts bytes', () => {
  expect(byteLength('aé🎉')).toBe(7);
});
