import { expect, it } from 'vitest';
import { text } from '../../state/testing';
import { placementOf } from './grouping';

const at = (minute: number, day = 15) => new Date(2026, 5, day, 10, minute).getTime();
const a1 = text('a1', 1, { sender: 'a', at: at(0) });
const a2 = text('a2', 2, { sender: 'a', at: at(1) });
const b1 = text('b1', 3, { sender: 'b', at: at(2) });

it('groups messages of one person that are close together', () => {
  expect(placementOf(undefined, a1, a2)).toEqual({ day: true, first: true, last: false });
  expect(placementOf(a1, a2, b1)).toEqual({ day: false, first: false, last: true });
  expect(placementOf(a2, b1, undefined)).toEqual({ day: false, first: true, last: true });
});

it('begins anew after a pause, a notice or midnight', () => {
  const later = text('a3', 3, { sender: 'a', at: at(30) });
  expect(placementOf(a2, later, undefined).first).toBe(true);
  const notice = { ...a2, body: { type: 'created' as const } };
  expect(placementOf(a1, notice, a2)).toEqual({ day: false, first: true, last: true });
  expect(placementOf(notice, notice, a2)).toEqual({ day: false, first: false, last: true });
  const night = text('n', 1, { sender: 'a', at: new Date(2026, 5, 15, 23, 59).getTime() });
  const morning = text('m', 2, { sender: 'a', at: new Date(2026, 5, 16, 0, 1).getTime() });
  expect(placementOf(night, morning, undefined)).toMatchObject({ day: true, first: true });
  expect(placementOf(a1, night, morning).last).toBe(true);
});

it('the line above the first unread message parts a group', () => {
  expect(placementOf(undefined, a1, a2, a2.key).last).toBe(true);
  expect(placementOf(a1, a2, b1, a2.key).first).toBe(true);
});
