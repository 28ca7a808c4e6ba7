import { expect, type Locator, type Page, test } from '@playwright/test';
import { expectAccessible } from '../support/axe.ts';
import {
  Company,
  composer,
  createRoom,
  invite,
  joinByLink,
  openSettings,
  register,
  send,
  texts,
} from '../support/people.ts';
import { Relay } from '../support/relay.ts';
import { nextCode } from '../support/totp.ts';

const MIRA = { username: 'mira', password: 'violet-otter-paper-lantern', displayName: 'Mira' };
const JONAS = { username: 'jonas', password: 'copper-river-quiet-window', displayName: 'Jonas' };
const ZOE = { username: 'zoe', password: 'amber-kettle-north-violin', displayName: 'Zoe' };

const button = (page: Page | Locator, name: string | RegExp) => page.getByRole('button', { name, exact: true });
const dialog = (page: Page) => page.getByRole('dialog');
const entry = (page: Page, name: string) => page.getByTestId('room-entry').filter({ hasText: name });
const request = (page: Page) => page.getByTestId('request');
const home = async (page: Page) => page.goto(new URL('/#/', page.url()).href);

let relay: Relay;
let company: Company;

test.beforeEach(async () => {
  relay = await Relay.start();
  company = new Company();
});

test.afterEach(async () => {
  await company.dispose();
  await relay.dispose();
});

/** The own contact link, as the settings show it. */
async function contactLink(page: Page): Promise<string> {
  await openSettings(page, 'contacts', 'Contacts');
  const field = page.getByLabel('Contact link', { exact: true });
  await expect(field).toHaveValue(/#\/contact\//);
  return field.inputValue();
}

/** Asks somebody by their username to talk. */
async function ask(page: Page, username: string, note: string): Promise<void> {
  await button(page, 'New chat').first().click();
  await dialog(page).getByLabel('Name, username or contact link').fill(username);
  await button(dialog(page), 'Find username').click();
  await dialog(page).getByLabel('First words').fill(note);
  await button(dialog(page), 'Ask to talk').click();
  await expect(composer(page)).toBeVisible();
}

/** One of the people that the settings list under a heading. */
function contact(page: Page, list: 'People you know' | 'Blocked', name: string): Locator {
  return page.getByRole('list', { name: list }).getByTestId('contact-entry').filter({ hasText: name });
}

test('somebody is found by name, asks, is declined, asks again, is accepted, blocked and heard again', async () => {
  test.setTimeout(300_000);
  const mira = (await company.open()).page;
  const jonas = (await company.open()).page;
  await register(mira, await relay.setupLink(), MIRA);
  await register(jonas, relay.url, JONAS);

  await test.step('half a name finds nobody', async () => {
    await button(mira, 'New chat').first().click();
    await dialog(mira).getByLabel('Name, username or contact link').fill('jona');
    await button(dialog(mira), 'Find username').click();
    await expect(dialog(mira)).toContainText('Nobody here has the username “jona”');
    await mira.keyboard.press('Escape');
  });

  await test.step('a request shows the note, and tells nothing before it is answered', async () => {
    await ask(mira, 'jonas', 'It is me, from the harbour.');
    await entry(jonas, 'Mira').click();
    await expect(request(jonas)).toContainText('Mira would like to talk with you');
    await expect(texts(jonas)).toHaveText(['It is me, from the harbour.']);
    await expect(composer(jonas)).toBeHidden();
    // Not the name that Jonas chose, only the one that Mira found.
    await expect(mira.getByRole('heading', { level: 1 })).toHaveText('jonas');
    await expectAccessible(jonas, 'request', () => expect(request(jonas)).toBeVisible());
    await jonas.setViewportSize({ width: 1280, height: 720 });
    await button(request(jonas), 'Decline').click();
    await expect(jonas.getByTestId('room-entry')).toHaveCount(0);
  });

  await test.step('who was declined may ask again, and is accepted', async () => {
    // Mira's client takes out who has left a while after it was said.
    await expect(mira.getByText('1 member')).toBeVisible({ timeout: 45_000 });
    await home(mira);
    await ask(mira, 'jonas', 'Once more: Mira from the harbour.');
    await entry(jonas, 'Mira').click();
    await button(request(jonas), 'Accept').click();
    await expect(composer(jonas)).toBeVisible();
    await send(jonas, 'Now I remember');
    await expect(texts(mira).last()).toHaveText('Now I remember');
    await expect(mira.getByRole('heading', { level: 1 })).toHaveText('Jonas');
  });

  await test.step('who is blocked is put away, and is not told', async () => {
    await button(jonas, 'Room details').click();
    const details = jonas.getByRole('complementary', { name: 'Room details' });
    await button(details, 'Block').click();
    await expect(dialog(jonas)).toContainText('Nobody tells Mira');
    await button(dialog(jonas), 'Block').click();
    await expect(jonas.getByTestId('blocked')).toContainText('You blocked Mira');
    await expect(composer(jonas)).toBeHidden();
    await expect(entry(jonas, 'Mira')).toHaveCount(0);
    await expectAccessible(jonas, 'blocked', () => expect(jonas.getByTestId('blocked')).toBeVisible());
    await jonas.setViewportSize({ width: 1280, height: 720 });
    await home(jonas);

    await send(mira, 'are you there?');
    await expect(texts(mira).last()).toHaveText('are you there?');
    await expect(mira.locator('[data-state="waiting"]')).toHaveCount(0);
    await expect(mira.getByTestId('blocked')).toHaveCount(0);
    await expect(jonas).toHaveTitle('Waxwing');
  });

  await test.step('the settings list them; unblocked, they are heard again', async () => {
    await openSettings(jonas, 'contacts', 'Contacts');
    await expect(contact(jonas, 'Blocked', 'Mira')).toBeVisible();
    await expectAccessible(jonas, 'contacts', () => expect(contact(jonas, 'Blocked', 'Mira')).toBeVisible());
    await jonas.setViewportSize({ width: 1280, height: 720 });
    await button(jonas, 'Unblock Mira').click();
    await expect(contact(jonas, 'People you know', 'Mira')).toBeVisible();
    await button(jonas, 'Write to Mira').click();
    await expect(texts(jonas).last()).toHaveText('are you there?');
    await send(jonas, 'here again');
    await expect(texts(mira).last()).toHaveText('here again');
  });
});

test('in groups, what blocked people say stays behind a line and is not counted', async () => {
  test.setTimeout(240_000);
  const mira = (await company.open()).page;
  const jonas = (await company.open()).page;
  await register(mira, await relay.setupLink(), MIRA);
  await register(jonas, relay.url, JONAS);
  await createRoom(mira, 'Harbour');
  await joinByLink(jonas, await invite(mira), 'Harbour');
  await send(jonas, 'said before');
  await expect(texts(mira)).toHaveText(['said before']);

  await button(mira, 'Room details').click();
  const details = mira.getByRole('complementary', { name: 'Room details' });
  await details.getByRole('listitem').filter({ hasText: 'Jonas' }).getByRole('button').click();
  await button(dialog(mira), 'Block').click();
  await button(dialog(mira), 'Block').click();
  await expect(dialog(mira)).toHaveCount(0);
  await expect(details.getByRole('listitem').filter({ hasText: 'Jonas' })).toContainText('Blocked');
  await expect(texts(mira)).toHaveCount(0);
  await expect(mira.getByTestId('unheard')).toHaveCount(1);

  await home(mira);
  await send(jonas, 'said while blocked');
  await expect(jonas.locator('[data-state="waiting"]')).toHaveCount(0);
  const room = entry(mira, 'Harbour');
  await expect(room).toContainText('Message of somebody you blocked');
  await expect(room).not.toContainText('unread');
  await expect(mira).toHaveTitle('Waxwing');

  await room.click();
  await expect(mira.getByTestId('unheard')).toHaveCount(2);
  await button(mira.getByTestId('unheard').last(), 'Show').click();
  await expect(texts(mira)).toHaveText(['said while blocked']);
});

test('a contact link is looked at, then taken: verified everywhere; changed keys block until they are seen', async () => {
  test.setTimeout(300_000);
  const mira = (await company.open()).page;
  const jonas = (await company.open()).page;
  const zoe = (await company.open()).page;
  await register(mira, await relay.setupLink(), MIRA);
  const who = await register(jonas, relay.url, JONAS);

  const link = await test.step('the settings show the own link and its QR code', async () => {
    const found = await contactLink(jonas);
    await expect(jonas.getByRole('img', { name: 'QR code of your contact link' })).toBeVisible();
    expect(found).toMatch(/~jonas$/);
    return found;
  });

  await test.step('to open a link is not to trust it', async () => {
    await mira.goto(link);
    const card = mira.getByTestId('contact');
    await expect(card).toContainText('@jonas');
    await expect(card).toContainText('Not verified yet');
    expect(mira.url()).not.toContain(link.split('/contact/')[1]);
    await expectAccessible(mira, 'contact link', () => expect(card).toBeVisible());
    await mira.setViewportSize({ width: 1280, height: 720 });
    await button(mira, 'It is from them: verify').click();
    await expect(card.getByText('Verified', { exact: false })).toBeVisible();
    await mira.getByLabel('First words').fill('Hello from your link');
    await button(mira, 'Ask to talk').click();
    await expect(composer(mira)).toBeVisible();
  });

  await test.step('list, header and details say the same word', async () => {
    await home(jonas);
    await entry(jonas, 'Mira').click();
    await button(request(jonas), 'Accept').click();
    await send(jonas, 'Welcome');
    await expect(texts(mira).last()).toHaveText('Welcome');
    await expect(mira.getByRole('heading', { level: 1 }).getByTestId('identity-mark')).toContainText('Verified');
    await expect(entry(mira, 'Jonas').getByTestId('identity-mark')).toContainText('Verified');
    await expect(entry(jonas, 'Mira').getByTestId('identity-mark')).toHaveCount(0);
    await button(mira, 'Room details').click();
    await expect(mira.getByRole('complementary', { name: 'Room details' })).toContainText('Verified');
  });

  await test.step('both see one safety number, as digits and as QR code', async () => {
    await button(jonas, 'Room details').click();
    for (const page of [mira, jonas]) await button(page, 'Safety number').click();
    const number = (await mira.getByTestId('safety-number').textContent()) ?? '';
    expect(number.replaceAll(' ', '')).toMatch(/^\d{60}$/);
    await expect(jonas.getByTestId('safety-number')).toHaveText(number);
    const code = (page: Page) => dialog(page).getByRole('img', { name: 'The same number as a QR code' });
    expect(await code(mira).innerHTML()).toBe(await code(jonas).innerHTML());
    await expectAccessible(jonas, 'safety number', () => expect(code(jonas)).toBeVisible());
    await jonas.setViewportSize({ width: 1280, height: 720 });
    await mira.keyboard.press('Escape');
    await jonas.keyboard.press('Escape');
  });

  await test.step('without an account the link waits until there is one', async () => {
    await zoe.goto(link);
    await expect(zoe.getByText('You opened a contact link.')).toBeVisible();
    await register(zoe, link, ZOE);
    await expect(zoe.getByTestId('contact')).toContainText('@jonas');
    await button(zoe, 'Cancel').click();
    await expect(button(zoe, 'New chat')).toBeVisible();
  });

  await test.step('new keys block until they are looked at', async () => {
    await openSettings(jonas, 'keys', 'Encryption keys');
    await button(jonas, 'Replace all keys…').click();
    await dialog(jonas).getByLabel('Current password', { exact: true }).fill(who.password);
    await dialog(jonas).getByLabel('New password', { exact: true }).fill('harvest-nine-quiet-lamps');
    await dialog(jonas).getByLabel('Code', { exact: true }).fill(await nextCode(who.totpSecret));
    await button(dialog(jonas), 'Replace keys').click();
    await expect(jonas.getByTestId('recovery-key')).toBeVisible({ timeout: 30_000 });
    const changed = mira.getByTestId('identity-changed');
    await expect(changed).toContainText('Jonas has new keys', { timeout: 30_000 });
    await expect(mira.getByRole('heading', { level: 1 }).getByTestId('identity-mark')).toContainText('Key changed');
    await expect(entry(mira, 'Jonas').getByTestId('identity-mark')).toContainText('Key changed');
    await expectAccessible(mira, 'changed identity', () => expect(changed).toBeVisible());
    await mira.setViewportSize({ width: 1280, height: 720 });
    await send(mira, 'Is that still you?');
    await expect(mira.getByText('Somebody here has a new identity.').first()).toBeVisible();
    await expect(composer(mira)).toHaveValue('Is that still you?');
    await expect(texts(mira).last()).toHaveText('Welcome');
    await button(changed, 'I have asked: accept').click();
    await expect(changed).toHaveCount(0);
    await composer(mira).press('Enter');
    await expect(texts(mira).last()).toHaveText('Is that still you?');
    await expect(mira.locator('[data-state="waiting"]')).toHaveCount(0);
    await expect(entry(mira, 'Jonas').getByTestId('identity-mark')).toHaveCount(0);
  });

  await test.step('a link of the identity before changes nothing', async () => {
    await mira.goto(link);
    await expect(mira.getByText('another identity than the one you know of Jonas')).toBeVisible();
    await expect(button(mira, 'It is from them: verify')).toHaveCount(0);
    await button(mira, 'Back to conversations').click();
    await expect(entry(mira, 'Jonas')).toBeVisible();
  });
});
