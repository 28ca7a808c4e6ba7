import { describe, expect, it } from 'vitest';
import { targetOf } from './admin-audit';

describe('targets of the audit log', () => {
  it.each([
    ['account:abc', { kind: 'account', id: 'abc' }],
    ['entry:room/7', { kind: 'entry', id: 'room/7' }],
    ['setting:name', { kind: 'setting', id: 'name' }],
    ['', null],
    ['account:', null],
    ['account', null],
    ['planet:9', null],
  ])('%s', (text, target) => {
    expect(targetOf(text)).toEqual(target);
  });
});
