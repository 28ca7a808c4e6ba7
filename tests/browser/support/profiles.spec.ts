import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@playwright/test';
import { Profile } from './profiles.ts';

test('a profile keeps its storage across restarts, apart from others, and notes errors', async () => {
  const server = createServer((_, response) => {
    response
      .setHeader('content-type', 'text/html')
      .end('<!doctype html><title>storage</title><link rel=icon href=data:,>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const one = await Profile.open({ viewport: { width: 390, height: 844 } });
  const other = await Profile.open();
  try {
    await one.page.goto(url);
    await one.page.evaluate(() => localStorage.setItem('key', 'kept'));
    expect(await one.page.evaluate(() => innerWidth)).toBe(390);
    await other.page.goto(url);
    expect(await other.page.evaluate(() => localStorage.getItem('key'))).toBeNull();

    await one.close();
    expect(() => one.page).toThrow('closed');
    await one.reopen();
    await one.page.goto(url);
    expect(await one.page.evaluate(() => localStorage.getItem('key'))).toBe('kept');

    expect(one.errors).toEqual([]);
    await one.page.evaluate(() => {
      console.log('a remark');
      console.error('a complaint');
      setTimeout(() => {
        throw new Error('an accident');
      });
    });
    await expect.poll(() => one.errors.length).toBe(2);
    expect(one.errors[0]).toContain('a complaint');
    expect(one.errors[1]).toContain('an accident');
    expect(readFileSync(one.log, 'utf8')).toContain('a remark');
  } finally {
    await Promise.all([one.dispose(), other.dispose()]);
    server.close();
  }
  expect(existsSync(one.directory)).toBe(false);
});
