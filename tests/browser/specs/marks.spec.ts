import { expect, type Locator, type Page, test } from '@playwright/test';
import { Company, composer, createRoom, invite, joinByLink, logIn, openRoom, openSettings, send, twoPeople } from '../support/people.ts';
import type { Profile } from '../support/profiles.ts';
import { Relay } from '../support/relay.ts';

// How far messages have got, who is there, and what agrees in two sessions of one account.

let relay: Relay;
let company: Company;
let mira: Profile;
let jonas: Profile;
/** Mira in another browser. */
let other: Profile;

test.describe.configure({ mode: 'serial', timeout: 120_000 });

test.beforeAll(async () => {
  test.setTimeout(180_000);
  relay = await Relay.start({ arguments: ['--sessions', 'multi'] });
  company = new Company();
  const two = await twoPeople(company, relay);
  ({ mira, jonas } = two);
  await createRoom(mira.page, 'Harbour');
  const link = await invite(mira.page);
  await joinByLink(jonas.page, link, 'Harbour');
  await createRoom(mira.page, 'Lighthouse');
  other = await company.open();
  await logIn(other.page, relay, two.miraHerself);
  await expect(entry(other.page, 'Harbour')).toBeVisible();
});

test.afterAll(async () => {
  await company.dispose();
  await relay.dispose();
});

function entry(page: Page, name: string): Locator {
  return page.locator('.entry').filter({ hasText: name });
}

/** How far the own message with this text has got, as the page shows it. */
function reached(page: Page, text: string): Locator {
  return page.locator('.message', { hasText: text }).locator('[data-reached]');
}

async function choose(page: Page, room: string, what: string): Promise<void> {
  const row = entry(page, room);
  await row.hover();
  await row.getByRole('button', { name: `Options for ${room}` }).click();
  await page.getByRole('menuitem', { name: what, exact: true }).click();
}

async function home(page: Page): Promise<void> {
  await page.goto(`${relay.url}/#/`);
}

test('a message is delivered, then read', async () => {
  await home(jonas.page);
  await openRoom(mira.page, 'Harbour');
  await send(mira.page, 'ship ahoy');
  await expect(reached(mira.page, 'ship ahoy')).toHaveAttribute('data-reached', 'delivered');
  await jonas.page.bringToFront();
  await openRoom(jonas.page, 'Harbour');
  await expect(reached(mira.page, 'ship ahoy')).toHaveAttribute('data-reached', 'read');
  await expect(reached(mira.page, 'ship ahoy')).toContainText('Read');
});

test('unread counts agree in two sessions', async () => {
  await home(mira.page);
  for (const text of ['one', 'two', 'three']) await send(jonas.page, text);
  for (const { page } of [mira, other]) await expect(entry(page, 'Harbour').getByText('3 unread')).toBeAttached();
  await other.page.bringToFront();
  await openRoom(other.page, 'Harbour');
  for (const { page } of [mira, other]) await expect(entry(page, 'Harbour').getByText(/unread/)).toHaveCount(0);
  await expect(reached(jonas.page, 'three')).toHaveAttribute('data-reached', 'read');
  await home(other.page);
  await choose(mira.page, 'Harbour', 'Mark as unread');
  for (const { page } of [mira, other]) await expect(entry(page, 'Harbour').getByTestId('marked')).toBeVisible();
  await choose(other.page, 'Harbour', 'Mark as read');
  for (const { page } of [mira, other]) await expect(entry(page, 'Harbour').getByTestId('marked')).toHaveCount(0);
});

test('a draft goes on in another session, and goes with the message', async () => {
  await openRoom(mira.page, 'Lighthouse');
  await composer(mira.page).fill('half a thought');
  await home(mira.page);
  await expect(entry(mira.page, 'Lighthouse')).toContainText('half a thought');
  await expect(entry(other.page, 'Lighthouse')).toContainText('half a thought');
  await openRoom(other.page, 'Lighthouse');
  await expect(composer(other.page)).toHaveValue('half a thought');
  await mira.page.reload();
  await expect(entry(mira.page, 'Lighthouse')).toContainText('half a thought');
  await send(other.page, 'a whole thought');
  await expect(entry(mira.page, 'Lighthouse')).toContainText('a whole thought');
  await openRoom(mira.page, 'Lighthouse');
  await expect(composer(mira.page)).toHaveValue('');
});

test('pins, silence and the archive agree in two sessions', async () => {
  await home(mira.page);
  await home(other.page);
  await choose(mira.page, 'Harbour', 'Pin to the top');
  await choose(mira.page, 'Harbour', 'Mute for good');
  for (const { page } of [mira, other]) {
    await expect(page.getByTestId('room-entry').first()).toContainText('Harbour');
    await expect(entry(page, 'Harbour').getByText('Pinned')).toBeAttached();
    await expect(entry(page, 'Harbour').getByText('Muted')).toBeAttached();
  }
  await choose(other.page, 'Harbour', 'Archive');
  for (const { page } of [mira, other]) {
    await expect(entry(page, 'Harbour')).toHaveCount(0);
    await page.getByTestId('archive').click();
    await expect(entry(page, 'Harbour')).toBeVisible();
  }
  await choose(mira.page, 'Harbour', 'Bring back from the archive');
  await choose(mira.page, 'Harbour', 'Unmute');
  for (const { page } of [mira, other]) {
    await expect(entry(page, 'Lighthouse')).toBeVisible();
    await expect(entry(page, 'Harbour').getByText('Muted')).toHaveCount(0);
  }
});

test('who is here and who types is shown, unless they do not want it', async () => {
  await openRoom(mira.page, 'Harbour');
  await openRoom(jonas.page, 'Harbour');
  await expect(mira.page.getByText('2 members, 2 here now')).toBeVisible();
  await composer(jonas.page).pressSequentially('wait');
  await expect(mira.page.getByTestId('typing').first()).toHaveText('Jonas is typing …');
  await composer(jonas.page).fill('');
  await openSettings(jonas.page, 'privacy', 'Privacy');
  for (const what of ['Delivered and read', 'Typing', 'Online and last seen']) {
    await jonas.page.getByRole('switch', { name: what }).uncheck();
  }
  await expect(mira.page.getByText('2 members', { exact: true })).toBeVisible();
  await send(mira.page, 'are you there?');
  await jonas.page.bringToFront();
  await home(jonas.page);
  await openRoom(jonas.page, 'Harbour');
  await expect(jonas.page.getByTestId('item-text').filter({ hasText: 'are you there?' })).toBeVisible();
  await expect(jonas.page.getByText('2 members', { exact: true })).toBeVisible();
  await composer(jonas.page).pressSequentially('here');
  await composer(jonas.page).press('Enter');
  await expect(mira.page.getByTestId('item-text').filter({ hasText: 'here' }).last()).toBeVisible();
  await expect(reached(mira.page, 'are you there?')).toHaveAttribute('data-reached', 'sent');
  // It counts in other sessions, and after a reload.
  await jonas.page.reload();
  await openSettings(jonas.page, 'privacy', 'Privacy');
  await expect(jonas.page.getByRole('switch', { name: 'Typing' })).not.toBeChecked();
});
