import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HUES } from './text';

const css = readFileSync(new URL('../tokens.css', import.meta.url), 'utf8');

/** Value of a token in one theme. */
function token(name: string, dark: boolean): string {
  const value = new RegExp(`--${name}:\\s*([^;]+);`).exec(css)?.[1]?.trim();
  if (value === undefined) throw new Error(`no token --${name}`);
  const pair = /^light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)$/.exec(value);
  const colour = pair ? pair[dark ? 2 : 1] : value;
  if (!colour || !/^#[0-9a-f]{6}$/.test(colour)) throw new Error(`--${name} is no opaque colour: ${value}`);
  return colour;
}

/** Relative luminance, WCAG 2.2. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

const SURFACES = ['sunken', 'paper', 'surface', 'raised', 'hover', 'wax-soft'];

/** Text and what it stands on, as the components use them. */
const TEXT: [text: string, on: string][] = [
  ...SURFACES.flatMap((on): [string, string][] => [
    ['ink', on],
    ['ink-2', on],
    ['ink-3', on],
  ]),
  ...['paper', 'surface', 'raised', 'wax-soft', 'sunken', 'hover'].map((on): [string, string] => [
    'wax-text',
    on,
  ]),
  ...['paper', 'surface', 'raised', 'bad-soft', 'own'].map((on): [string, string] => ['bad', on]),
  ['wax-ink', 'wax'],
  ['wax-ink', 'wax-strong'],
  ['own-ink', 'own'],
  ['own-ink-2', 'own'],
  ['good', 'good-soft'],
  ['good', 'raised'],
  ['warn', 'warn-soft'],
  ...Array.from({ length: HUES }, (_, hue): [string, string] => [`name-${hue}`, 'raised']),
];

/** Borders of controls and focus rings: 3 to 1 is enough. */
const SHAPES: [shape: string, on: string][] = ['paper', 'surface', 'raised', 'sunken'].flatMap((on) => [
  ['line-strong', on],
  ['focus', on],
]);

describe.each([
  ['light', false],
  ['dark', true],
])('contrast, %s', (_, dark) => {
  it.each(TEXT)('%s on %s', (text, on) => {
    expect(contrast(token(text, dark), token(on, dark))).toBeGreaterThanOrEqual(4.5);
  });

  it.each(SHAPES)('%s on %s', (shape, on) => {
    expect(contrast(token(shape, dark), token(on, dark))).toBeGreaterThanOrEqual(3);
  });
});

it.each(Array.from({ length: HUES }, (_, hue) => hue))('white letters on hue %i', (hue) => {
  expect(contrast('#ffffff', token(`hue-${hue}`, false))).toBeGreaterThanOrEqual(4.5);
});
