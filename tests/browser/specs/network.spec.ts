import { expect, type Page, test } from '@playwright/test';
import { Company, composer, createRoom, invite, joinByLink, openRoom, send, texts, twoPeople } from '../support/people.ts';
import type { Profile } from '../support/profiles.ts';
import { Proxy } from '../support/proxy.ts';
import { Relay } from '../support/relay.ts';

// Networks that let no WebSocket through, and networks that are gone for a while: nothing is lost, nothing comes twice.

const TALL = { viewport: { width: 1000, height: 2600 } };
const ROOM = 'Behind the wall';

let proxy: Proxy;
let relay: Relay;
let company: Company;
let mira: Profile;
let jonas: Profile;

test.describe.configure({ mode: 'serial', timeout: 240_000 });

test.beforeAll(async () => {
  test.setTimeout(240_000);
  proxy = await Proxy.start();
  proxy.upgrades = 'refuse';
  relay = await Relay.start({ arguments: ['--public-origin', proxy.url] });
  proxy.leadTo(relay.url);
  company = new Company();
  ({ mira, jonas } = await twoPeople(company, relay, { browser: TALL, at: proxy.url }));
});

test.afterAll(async () => {
  await company.dispose();
  await relay.dispose();
  await proxy.dispose();
});

async function connected(page: Page): Promise<void> {
  await expect(page.getByTestId('connection')).toHaveAttribute('data-state', 'connected', {
    timeout: 100_000,
  });
}

async function arrived(messages: string[]): Promise<void> {
  for (const { page } of [mira, jonas]) await expect(texts(page)).toHaveText(messages, { timeout: 100_000 });
  for (const { page } of [mira, jonas]) {
    await expect(page.locator('[data-kind=text]:not([data-state=sent])')).toHaveCount(0);
  }
}

function numbered(who: string, from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `${who} ${String(from + i).padStart(2, '0')}`);
}

test('where no WebSocket gets through everything goes by events', async () => {
  await connected(mira.page);
  await createRoom(mira.page, ROOM);
  await joinByLink(jonas.page, await invite(mira.page), ROOM);
  const messages = numbered('mira', 1, 10);
  for (const message of messages) await send(mira.page, message);
  const long = 'w'.repeat(600);
  await send(jonas.page, long);
  await arrived([...messages, long]);
  expect(proxy.seen).toContain('GET /api/v1/events');
  expect(proxy.seen).toContain('POST /api/v1/requests');

  await test.step('after the relay was killed and came back, too', async () => {
    await relay.kill9();
    await send(mira.page, 'while it was down');
    await relay.restart();
    await arrived([...messages, long, 'while it was down']);
  });
});

test('a proxy that swallows what goes through a WebSocket is as good as one that refuses it', async () => {
  proxy.upgrades = 'swallow';
  await jonas.page.reload();
  await openRoom(jonas.page, ROOM);
  await connected(jonas.page);
  await send(jonas.page, 'through the swallow');
  await expect(texts(mira.page).last()).toHaveText('through the swallow');
});

test('a network that is gone for 30 s while people type and send loses and doubles nothing', async () => {
  proxy.upgrades = 'pass';
  for (const { page } of [mira, jonas]) {
    await page.goto('about:blank');
    await page.goto(proxy.url);
    await connected(page);
  }
  await createRoom(mira.page, 'Tunnel');
  await joinByLink(jonas.page, await invite(mira.page), 'Tunnel');
  const [ofMira, ofJonas] = [numbered('mira', 1, 9), numbered('jonas', 1, 9)];
  const say = async (from: number, to: number) => {
    for (const message of ofMira.slice(from, to)) await send(mira.page, message);
    for (const message of ofJonas.slice(from, to)) await send(jonas.page, message);
  };
  await say(0, 3);
  // In the middle of it: some of what was just sent is on its way, and so are the answers.
  proxy.cut();
  const began = Date.now();
  await say(3, 6);
  await composer(mira.page).fill('half a thought');
  await expect(mira.page.locator('[data-kind=text][data-state=waiting]')).not.toHaveCount(0);
  await expect.poll(() => Date.now() - began, { timeout: 60_000 }).toBeGreaterThan(30_000);
  proxy.restore();
  await expect(composer(mira.page)).toHaveValue('half a thought');
  await say(6, 9);

  for (const { page } of [mira, jonas]) {
    await expect(texts(page)).toHaveCount(18, { timeout: 100_000 });
    await expect(page.locator('[data-kind=text]:not([data-state=sent])')).toHaveCount(0, { timeout: 60_000 });
    await expect(page.locator('[data-kind=warning]')).toHaveCount(0);
  }
  const shown = (await texts(mira.page).allTextContents()).map((text) => text.trim());
  expect(shown.filter((text) => text.startsWith('mira'))).toEqual(ofMira);
  expect(shown.filter((text) => text.startsWith('jonas'))).toEqual(ofJonas);
  await expect(texts(jonas.page)).toHaveText(shown);
  // As everybody else would read it.
  await jonas.page.reload();
  await openRoom(jonas.page, 'Tunnel');
  await connected(jonas.page);
  await expect(texts(jonas.page)).toHaveText(shown);
});
