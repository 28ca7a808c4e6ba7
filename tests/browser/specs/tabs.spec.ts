import { expect, type Page, test } from '@playwright/test';
import { Company, composer, createRoom, invite, joinByLink, logOut, openRoom, send, texts, twoPeople } from '../support/people.ts';
import type { Profile } from '../support/profiles.ts';
import { Relay } from '../support/relay.ts';
import { leadAsAnotherVersion } from '../support/stranger.ts';

// Many tabs of one browser: one of them runs the engine, all of them work and agree.

const TALL = { viewport: { width: 1000, height: 2600 } };
const ROOM = 'Lighthouse keepers';

let relay: Relay;
let company: Company;
let mira: Profile;
let jonas: Profile;

test.describe.configure({ mode: 'serial', timeout: 120_000 });

test.beforeAll(async () => {
  test.setTimeout(120_000);
  relay = await Relay.start();
  company = new Company();
  ({ mira, jonas } = await twoPeople(company, relay, { browser: TALL }));
  await createRoom(mira.page, ROOM);
  await joinByLink(jonas.page, await invite(mira.page), ROOM);
});

test.afterAll(async () => {
  await company.dispose();
  await relay.dispose();
});

/** One more tab of Mira's, in the room. */
async function another(): Promise<Page> {
  const tab = await mira.context.newPage();
  await tab.goto(relay.url);
  await openRoom(tab, ROOM);
  return tab;
}

function numbered(who: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${who} ${String(i + 1).padStart(2, '0')}`);
}

async function said(messages: string[], ...pages: Page[]): Promise<void> {
  for (const page of pages) await expect(texts(page)).toHaveText(messages, { timeout: 40_000 });
}

/** A room of its own for a test. */
async function freshRoom(name: string): Promise<void> {
  await createRoom(mira.page, name);
  await joinByLink(jonas.page, await invite(mira.page), name);
}

test('three tabs show the same, and each of them sends', async () => {
  const tabs = [mira.page, await another(), await another()];
  const [first, second, third] = tabs as [Page, Page, Page];
  await send(first, 'from the first tab');
  await said(['from the first tab'], ...tabs, jonas.page);
  await send(second, 'from the second');
  await said(['from the first tab', 'from the second'], ...tabs, jonas.page);
  await send(third, 'from the third');
  await send(jonas.page, 'heard all three');
  await said(
    ['from the first tab', 'from the second', 'from the third', 'heard all three'],
    ...tabs,
    jonas.page,
  );
  for (const tab of tabs) {
    await expect(tab.getByTestId('connection')).toHaveAttribute('data-state', 'connected');
    await expect(tab.locator('[data-kind=text]:not([data-state=sent])')).toHaveCount(0);
  }
  // What is made in one is there in all of them.
  await createRoom(third, 'Made in the third');
  await expect(first.getByTestId('room-entry').filter({ hasText: 'Made in the third' })).toBeVisible();
  await third.close();
  await second.close();
});

test('closing the leading tab in the middle of sending loses and doubles nothing', async () => {
  await freshRoom('Handed over');
  const messages = numbered('mira', 24);
  let leading = mira.page;
  for (const half of [messages.slice(0, 12), messages.slice(12)]) {
    const next = await mira.context.newPage();
    await next.goto(relay.url);
    await openRoom(next, 'Handed over');
    for (const [i, message] of half.entries()) {
      await send(next, message);
      // The tab that everything goes through so far ends without a word.
      if (i === 5) void leading.close();
    }
    await said(messages.slice(0, messages.indexOf(half[11] ?? '') + 1), next, jonas.page);
    leading = next;
  }
  await expect(leading.locator('[data-kind=text][data-state=sent]')).toHaveCount(messages.length);
  await send(jonas.page, 'all there');
  await said([...messages, 'all there'], leading, jonas.page);
  await leading.reload();
  await said([...messages, 'all there'], leading);
});

test('a tab that is reloaded over and over finds everything as it was', async () => {
  await freshRoom('Reloaded');
  const other = await mira.context.newPage();
  await other.goto(relay.url);
  await openRoom(other, 'Reloaded');
  const messages = numbered('mira', 8);
  for (const [i, message] of messages.entries()) {
    await send(other, message);
    if (i % 2 === 0) await mira.page.reload();
  }
  await said(messages, other, mira.page, jonas.page);
  await other.close();
});

test('a tab that nobody else understands says so, and can take over', async () => {
  const stranger = await mira.context.newPage();
  await leadAsAnotherVersion(stranger, relay.url);
  const { page } = mira;
  await expect(page.getByRole('heading', { name: 'Another version of Waxwing is open' })).toBeVisible();
  await expect(composer(page)).toBeHidden();
  await page.getByRole('button', { name: 'Use it here' }).click();
  await expect(texts(page)).toHaveText(numbered('mira', 8));
  await stranger.close();
});

test('a leading tab that is put to sleep is taken over from, and follows when it wakes', async () => {
  // What phones do with tabs that nobody sees.
  await freshRoom('Asleep');
  const leading = mira.page;
  const other = await mira.context.newPage();
  await other.goto(relay.url);
  await openRoom(other, 'Asleep');
  await send(leading, 'awake');
  await said(['awake'], other, jonas.page);
  const devtools = await mira.context.newCDPSession(leading);
  await devtools.send('Page.setWebLifecycleState', { state: 'frozen' });
  await other.bringToFront();
  await send(other, 'while it sleeps');
  await send(jonas.page, 'good night');
  await said(['awake', 'while it sleeps', 'good night'], other, jonas.page);
  await devtools.send('Page.setWebLifecycleState', { state: 'active' });
  await leading.bringToFront();
  await said(['awake', 'while it sleeps', 'good night'], leading);
  await send(leading, 'awake again');
  await said(['awake', 'while it sleeps', 'good night', 'awake again'], leading, other, jonas.page);
  await other.close();
});

test('logging out in one tab logs out of all', async () => {
  const other = await mira.context.newPage();
  await other.goto(relay.url);
  await expect(other.getByTestId('room-entry').first()).toBeVisible();
  await logOut(other);
  await expect(mira.page.getByRole('heading', { name: 'Talk in private' })).toBeVisible();
  await other.close();
});
