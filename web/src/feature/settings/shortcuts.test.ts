import { expect, it } from 'vitest';
import { commandOf } from './shortcuts';

const press = (key: string, over = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  isComposing: false,
  ...over,
});

it('understands the keys', () => {
  expect(commandOf(press('?', { shiftKey: true }), false, true)).toBe('help');
  expect(commandOf(press('k', { ctrlKey: true }), true, true)).toBe('find');
  expect(commandOf(press('ArrowUp', { altKey: true }), true, true)).toBe('previous');
  expect(commandOf(press('ArrowDown', { altKey: true }), false, true)).toBe('next');
  expect(commandOf(press('Escape'), true, true)).toBe('close');
});

it('leaves text and input methods alone', () => {
  expect(commandOf(press('?'), true, true)).toBeNull();
  expect(commandOf(press('?'), false, false)).toBeNull();
  expect(commandOf(press('Escape', { isComposing: true }), true, true)).toBeNull();
  expect(commandOf(press('k'), false, true)).toBeNull();
  expect(commandOf(press('ArrowUp'), false, true)).toBeNull();
});
