import { expect, type Page, test } from '@playwright/test';
import { Company, composer, createRoom, invite, joinByLink, openRoom, register, send, texts, twoPeople } from '../support/people.ts';
import type { Profile } from '../support/profiles.ts';
import { Relay } from '../support/relay.ts';

// What is sent arrives exactly once and in order, whatever happens in between.

/** So tall that a timeline shows all messages of a test at once. */
const TALL = { viewport: { width: 1000, height: 2600 } };
const TEXT_BYTES = 64 * 1024;

let relay: Relay;
let company: Company;
let mira: Profile;
let jonas: Profile;

test.describe.configure({ timeout: 120_000 });

test.beforeAll(async () => {
  test.setTimeout(120_000);
  relay = await Relay.start();
  company = new Company();
  ({ mira, jonas } = await twoPeople(company, relay, { browser: TALL }));
});

test.afterAll(async () => {
  await company.dispose();
  await relay.dispose();
});

/** A new room with both of them in it. */
async function meet(name: string): Promise<string> {
  await mira.page.goto(relay.url);
  await createRoom(mira.page, name);
  const link = await invite(mira.page);
  await jonas.page.goto(relay.url);
  await connected(jonas.page);
  await joinByLink(jonas.page, link, name);
  return link;
}

function connection(page: Page) {
  return page.getByTestId('connection');
}

async function connected(page: Page): Promise<void> {
  await expect(connection(page)).toHaveAttribute('data-state', 'connected', { timeout: 40_000 });
}

function numbered(who: string, from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `${who} ${String(from + i).padStart(2, '0')}`);
}

async function sendAll(page: Page, messages: string[]): Promise<void> {
  for (const message of messages) await send(page, message);
}

/** All pages show these messages and no others, and their author's page shows them as sent. */
async function arrived(messages: string[], author: Page, ...others: Page[]): Promise<void> {
  for (const page of [author, ...others]) await expect(texts(page)).toHaveText(messages, { timeout: 40_000 });
  await expect(author.locator('[data-kind=text][data-state=sent]')).toHaveCount(messages.length);
}

/** The same after everything is read anew: from the device, then from the relay. */
async function lasts(room: string, messages: string[]): Promise<void> {
  for (const { page } of [mira, jonas]) {
    await page.goto('about:blank');
    await page.goto(relay.url);
    await openRoom(page, room);
    await connected(page);
    await expect(texts(page)).toHaveText(messages);
  }
}

test('a message that is too long stays with its author, large ones arrive whole', async () => {
  await meet('Long letters');
  const field = composer(mira.page);
  const button = mira.page.getByRole('button', { name: 'Send', exact: true });

  const tooLong = 'x'.repeat(TEXT_BYTES + 1);
  await field.fill(tooLong);
  await expect(mira.page.getByText('1 character too long')).toBeVisible();
  await expect(field).toHaveAttribute('aria-invalid', 'true');
  await expect(button).toBeDisabled();
  await field.press('Enter');
  expect(await field.inputValue()).toBe(tooLong);
  // Bytes count, not characters: 22,000 of these are 66,000 bytes.
  await field.fill('€'.repeat(22_000));
  await expect(button).toBeDisabled();
  await expect(mira.page.getByText('155 characters too long')).toBeVisible();
  await expect(texts(mira.page)).toHaveCount(0);

  const word = 'w'.repeat(10_000);
  const long = Array.from({ length: 6_000 }, (_, i) => `word ${String(i % 10_000).padStart(4, '0')}`).join(
    ' ',
  );
  expect(Buffer.byteLength(long)).toBe(59_999);
  const fullest = 'z'.repeat(TEXT_BYTES);
  for (const message of [word, long, fullest]) {
    await field.fill(message);
    await field.press('Enter');
    await expect(field).toHaveValue('');
    for (const { page } of [mira, jonas]) {
      await expect(texts(page).last()).toHaveText(message, { timeout: 20_000 });
      const log = page.getByRole('log');
      expect(await log.evaluate((node) => node.scrollWidth - node.clientWidth), 'nothing sticks out').toBe(0);
    }
    await expect(mira.page.getByTestId('item').last()).toHaveAttribute('data-state', 'sent');
  }
});

test('twenty messages arrive once and in order while the relay is killed and restarted', async () => {
  await meet('Power failures');
  const messages = numbered('mira', 1, 20);
  await sendAll(mira.page, messages.slice(0, 6));
  // In the middle of it: what was just typed is on its way.
  await relay.kill9();
  await sendAll(mira.page, messages.slice(6, 12));
  await expect(connection(mira.page)).toContainText(/Connection lost|Reconnecting/);
  await expect(mira.page.locator('[data-kind=text][data-state=waiting]')).not.toHaveCount(0);
  await expect(texts(mira.page)).toHaveText(messages.slice(0, 12));
  await relay.restart();
  await connected(mira.page);
  await expect(connection(mira.page)).not.toContainText(/Connection lost|Reconnecting/);
  await sendAll(mira.page, messages.slice(12, 17));
  // A friendly restart in the middle, too.
  await relay.stop();
  await relay.restart();
  await sendAll(mira.page, messages.slice(17));
  await connected(jonas.page);
  await arrived(messages, mira.page, jonas.page);
  await lasts('Power failures', messages);
});

test('what is written offline is sent when the network is back', async () => {
  await meet('Tunnel');
  const messages = numbered('jonas', 1, 8);
  await sendAll(jonas.page, messages.slice(0, 2));
  await arrived(messages.slice(0, 2), jonas.page, mira.page);

  await jonas.context.setOffline(true);
  await expect(connection(jonas.page)).toContainText(
    'You are offline. Messages are sent when the network is back.',
  );
  await sendAll(jonas.page, messages.slice(2));
  await expect(texts(jonas.page)).toHaveText(messages);
  await expect(jonas.page.locator('[data-kind=text][data-state=waiting]')).toHaveCount(6);
  await send(mira.page, 'are you there?');
  await expect(texts(mira.page)).toHaveText([...messages.slice(0, 2), 'are you there?']);

  await jonas.context.setOffline(false);
  await connected(jonas.page);
  const all = [...messages.slice(0, 2), 'are you there?', ...messages.slice(2)];
  await expect(texts(jonas.page)).toHaveText(all);
  await expect(texts(mira.page)).toHaveText(all);
  await lasts('Tunnel', all);
});

test('a reload keeps what was not sent yet, and sends it', async () => {
  await meet('Reloads');
  const messages = numbered('jonas', 1, 15);

  await test.step('with the relay running', async () => {
    await sendAll(jonas.page, messages.slice(0, 5));
    await expect(texts(jonas.page)).toHaveText(messages.slice(0, 5));
    await jonas.page.reload();
    await arrived(messages.slice(0, 5), jonas.page, mira.page);
  });

  await test.step('with the relay down', async () => {
    await relay.kill9();
    await sendAll(jonas.page, messages.slice(5, 10));
    await expect(texts(jonas.page)).toHaveText(messages.slice(0, 10));
    await jonas.page.goto('about:blank');
    await relay.restart();
    await jonas.page.goto(relay.url);
    await openRoom(jonas.page, 'Reloads');
    await arrived(messages.slice(0, 10), jonas.page, mira.page);
  });

  await test.step('with the browser closed', async () => {
    await relay.kill9();
    await sendAll(jonas.page, messages.slice(10));
    await expect(texts(jonas.page)).toHaveText(messages);
    await jonas.close();
    await relay.restart();
    await jonas.reopen();
    await jonas.page.goto(relay.url);
    await openRoom(jonas.page, 'Reloads');
    await arrived(messages, jonas.page, mira.page);
  });
  await lasts('Reloads', messages);
});

test('nothing is lost when two people write while a third joins', async () => {
  const link = await meet('Crossing');
  const vera = await company.open(TALL);
  await register(vera.page, relay.url, {
    username: 'vera',
    password: 'marble-cricket-silent-orchard',
    displayName: 'Vera',
  });
  await vera.page.goto(link);
  const join = vera.page.getByRole('button', { name: 'Join room' });
  await expect(join).toBeVisible();

  const [ofMira, ofJonas] = [numbered('mira', 1, 12), numbered('jonas', 1, 12)];
  await Promise.all([
    sendAll(mira.page, ofMira),
    sendAll(jonas.page, ofJonas),
    join.click().then(() => send(vera.page, 'vera is here')),
  ]);
  const everything = [...ofMira, ...ofJonas, 'vera is here'];
  const pages = [mira.page, jonas.page, vera.page];
  for (const page of pages) {
    await expect(texts(page)).toHaveCount(everything.length);
    await expect(page.locator('[data-kind=text]:not([data-state=sent])')).toHaveCount(0);
    await expect(page.locator('[data-kind=warning]')).toHaveCount(0);
  }
  const shown = (await texts(mira.page).allTextContents()).map((text) => text.trim());
  expect(shown.toSorted()).toEqual(everything.toSorted());
  expect(shown.filter((text) => text.startsWith('mira'))).toEqual(ofMira);
  expect(shown.filter((text) => text.startsWith('jonas'))).toEqual(ofJonas);
  for (const page of pages) await expect(texts(page)).toHaveText(shown);
  await lasts('Crossing', shown);
  await vera.close();
});
