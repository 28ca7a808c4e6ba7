import { describe, expect, it } from 'vitest';
import { strengthOf } from './strength';

describe('password strength', () => {
  it.each(['', 'short', '123456789'])('%s is too short', (password) => {
    expect(strengthOf(password)).toBe(0);
  });

  it.each([
    'password12',
    'Passw0rd123',
    'qwertyuiop',
    'aaaaaaaaaaaa',
    'abcabcabcabc',
    '1234567890',
    'letmein2024!',
    'Winter2024!!',
    'iloveyou1234',
    'passwortpasswort',
  ])('%s is weak', (password) => {
    expect(strengthOf(password)).toBe(1);
  });

  it('counts nothing for the names of the person', () => {
    expect(strengthOf('mirastone2024', ['mira.stone'])).toBe(1);
  });

  it('grows with length and variety', () => {
    expect(strengthOf('tk7vq2mzpa')).toBeGreaterThanOrEqual(2);
    expect(strengthOf('vQ8#tk2!Lm9z')).toBe(4);
    expect(strengthOf('otter plum canyon vivid marsh')).toBe(4);
  });

  it('counts characters, not UTF-16 units', () => {
    expect(strengthOf('🎉🎊🎈🎁🎂')).toBe(0);
  });
});
