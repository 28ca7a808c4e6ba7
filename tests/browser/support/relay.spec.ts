import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { Relay } from './relay.ts';

test('a relay starts, dies, comes back at the same address, ends on request and leaves nothing behind', async () => {
  const relay = await Relay.start();
  try {
    const { url } = relay;
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await relay.setupLink()).toMatch(new RegExp(`^${url}/#/setup/.{16,}$`));
    expect((await fetch(`${url}/healthz`)).status).toBe(200);

    await relay.kill9();
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
    await relay.restart();
    expect(relay.url).toBe(url);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);

    await relay.stop();
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
    expect(existsSync(relay.data)).toBe(true);
    expect(readFileSync(relay.log, 'utf8')).toContain(`listening on ${url}`);
  } finally {
    await relay.dispose();
  }
  expect(existsSync(relay.log)).toBe(false);
});

test('a relay that cannot start says why', async () => {
  await expect(Relay.start({ arguments: ['--no-such-flag'] })).rejects.toThrow(
    /did not start: [1-9][^]*no-such-flag/,
  );
});
