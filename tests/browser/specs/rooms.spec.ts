import { expect, type Page, test } from '@playwright/test';
import { Company, composer, createRoom, invite, joinByLink, register, send, texts, twoPeople } from '../support/people.ts';
import { Relay } from '../support/relay.ts';

const ROOM = 'Harbour';

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const details = (page: Page) => page.getByRole('complementary', { name: 'Room details' });
const dialog = (page: Page) => page.getByRole('dialog');
const notes = (page: Page) => page.getByTestId('item').filter({ hasNot: page.getByTestId('item-text') });

async function openDetails(page: Page): Promise<void> {
  if (await details(page).isHidden()) await button(page, 'Room details').click();
  await expect(details(page)).toBeVisible();
}

async function lookAt(page: Page, name: string): Promise<void> {
  await openDetails(page);
  await details(page).getByRole('listitem').filter({ hasText: name }).getByRole('button').click();
  await expect(dialog(page)).toBeVisible();
}

test('a room with a password, roles, settings, removal, codes to compare, and leaving', async () => {
  test.setTimeout(300_000);
  const relay = await Relay.start();
  const company = new Company();
  try {
    const two = await twoPeople(company, relay);
    const [mira, jonas] = [two.mira.page, two.jonas.page];
    const zoe = (await company.open()).page;
    await register(zoe, relay.url, {
      username: 'zoe',
      password: 'amber-kettle-north-violin',
      displayName: 'Zoe',
    });

    const secret = await test.step('a room is made with a password', async () => {
      await button(mira, 'New room').first().click();
      await dialog(mira).getByLabel('Room name').fill(ROOM);
      await dialog(mira).getByLabel('Let people join with a password').check();
      await dialog(mira).getByRole('button', { name: 'Create room' }).click();
      await expect(dialog(mira).getByRole('heading')).toHaveText(`Password for ${ROOM}`);
      // One's own is judged; a made one needs no judging.
      await dialog(mira).getByRole('radio', { name: 'Choose one' }).check();
      await dialog(mira).getByLabel('Room password', { exact: true }).fill('harbour1234');
      await expect(dialog(mira).getByText('This is easy to guess')).toBeVisible();
      await dialog(mira).getByRole('radio', { name: 'Make one for me' }).check();
      await dialog(mira).getByRole('button', { name: 'Set password' }).click();
      const name = await dialog(mira).getByLabel('Name to join by').inputValue();
      const password = await dialog(mira).getByLabel('Room password', { exact: true }).inputValue();
      expect(name).toContain(ROOM);
      expect(password.length).toBeGreaterThan(10);
      await dialog(mira).getByRole('button', { name: 'Done' }).click();
      await send(mira, 'Welcome aboard');
      return { name, password };
    });

    await test.step('the wrong password says so, the right one shows the room first', async () => {
      await button(jonas, 'Join by link').first().click();
      await dialog(jonas).getByRole('radio', { name: 'By name and password' }).check();
      await dialog(jonas).getByLabel('Room name').fill(secret.name);
      await dialog(jonas).getByLabel('Room password', { exact: true }).fill(`${secret.password}x`);
      await dialog(jonas).getByRole('button', { name: 'Continue' }).click();
      await expect(dialog(jonas).getByText('The room name or the password is wrong.')).toBeVisible();
      await dialog(jonas).getByLabel('Room password', { exact: true }).fill(secret.password);
      await dialog(jonas).getByRole('button', { name: 'Continue' }).click();
      await expect(jonas.getByTestId('invite-room')).toHaveText(ROOM);
      await button(jonas, 'Join room').click();
      await expect(texts(jonas)).toHaveText(['Welcome aboard']);
    });

    const link = await invite(mira);
    await joinByLink(zoe, link, ROOM);

    await test.step('name, topic and picture change for everybody', async () => {
      await openDetails(mira);
      await details(mira).getByRole('button', { name: 'Edit' }).click();
      await dialog(mira).getByLabel('Topic').fill('Boats and tides');
      await dialog(mira).getByRole('radio', { name: '🌊' }).check({ force: true });
      await dialog(mira).getByRole('button', { name: 'Save' }).click();
      await expect(notes(jonas).filter({ hasText: 'Mira set the topic: Boats and tides' })).toBeVisible();
      await openDetails(jonas);
      await expect(details(jonas).getByText('Boats and tides')).toBeVisible();
      await expect(details(jonas).getByText('🌊')).toBeVisible();
    });

    await test.step('settings are the owner\'s', async () => {
      await expect(details(jonas).getByLabel('Messages disappear')).toBeHidden();
      await details(mira).getByLabel('Messages disappear').selectOption({ label: '1 week' });
      await expect(dialog(mira)).toContainText('older than 1 week');
      await dialog(mira).getByRole('button', { name: 'Let them disappear' }).click();
      await expect(notes(jonas).filter({ hasText: 'Mira lets messages disappear after 1 week' })).toBeVisible();
      await expect(details(jonas).getByText('1 week', { exact: true })).toBeVisible();
      await details(mira).getByLabel('New members read').selectOption({ label: 'From when they join' });
      await expect(details(jonas).getByText('From when they join')).toBeVisible();
    });

    await test.step('a moderator is made, and removes a member who cannot come back', async () => {
      await lookAt(mira, 'Jonas');
      await dialog(mira).getByRole('button', { name: 'Change role' }).click();
      await dialog(mira).getByRole('radio', { name: /^Moderator/ }).check();
      await dialog(mira).getByRole('button', { name: 'Save role' }).click();
      await expect(dialog(mira).getByRole('button', { name: 'Change role' })).toBeVisible();
      await dialog(mira).getByRole('button', { name: 'Close' }).click();
      await expect(notes(jonas).filter({ hasText: 'Mira made you a moderator' })).toBeVisible();
      await expect(notes(zoe).filter({ hasText: 'Mira made Jonas a moderator' })).toBeVisible();

      await lookAt(zoe, 'Jonas');
      await expect(dialog(zoe).getByRole('button', { name: 'Remove from the room' })).toBeHidden();
      await dialog(zoe).getByRole('button', { name: 'Close' }).click();
      await composer(zoe).fill('still typing when');

      await lookAt(jonas, 'Zoe');
      await dialog(jonas).getByRole('button', { name: 'Remove from the room' }).click();
      await expect(dialog(jonas)).toContainText('The room password stops working');
      await dialog(jonas).getByRole('button', { name: 'Remove from the room' }).click();
      await expect(notes(mira).filter({ hasText: 'Jonas removed Zoe' })).toBeVisible();
      await expect(composer(zoe)).toBeHidden();
      await send(mira, 'Not for Zoe');
      await expect(texts(jonas).last()).toHaveText('Not for Zoe');
      await expect(texts(zoe).filter({ hasText: 'Not for Zoe' })).toHaveCount(0);
      await zoe.goto(link);
      await expect(zoe.getByText('The invite link was revoked or replaced')).toBeVisible();
    });

    await test.step('the codes are the same on both sides, and who compared is verified', async () => {
      await openDetails(mira);
      await openDetails(jonas);
      const code = (await mira.getByTestId('room-check-code').textContent()) ?? '';
      expect(code.replaceAll(' ', '')).toMatch(/^\d{30}$/);
      await expect(jonas.getByTestId('room-check-code')).toHaveText(code);
      for (const [page, other] of [
        [mira, 'Jonas'],
        [jonas, 'Mira'],
      ] as const) {
        await lookAt(page, other);
        await dialog(page).getByRole('button', { name: 'Safety number' }).click();
      }
      const number = (await mira.getByTestId('safety-number').textContent()) ?? '';
      expect(number.replaceAll(' ', '')).toMatch(/^\d{60}$/);
      await expect(jonas.getByTestId('safety-number')).toHaveText(number);
      await button(mira, 'They are the same').click();
      await expect(dialog(mira)).toContainText('You have verified Jonas.');
      await dialog(mira).getByRole('button', { name: 'Close' }).click();
      await expect(details(mira).getByText('All members verified')).toBeVisible();
      await dialog(jonas).getByRole('button', { name: 'Close' }).click();
    });

    await test.step('the last owner hands over and leaves', async () => {
      await details(mira).getByRole('button', { name: 'Leave room' }).click();
      await expect(dialog(mira).getByLabel('New owner')).toHaveValue(/.+/);
      await dialog(mira).getByRole('button', { name: 'Hand over and leave' }).click();
      await expect(mira.getByTestId('room-entry')).toHaveCount(0);
      await expect(notes(jonas).filter({ hasText: 'Mira made you an owner' })).toBeVisible();
      await expect(notes(jonas).filter({ hasText: 'Mira left' })).toBeVisible();
      await expect(details(jonas).getByLabel('Messages disappear')).toBeVisible();
    });
  } finally {
    await company.dispose();
    await relay.dispose();
  }
});

test('a chat of two begins with somebody from a room, and people are added by name', async () => {
  test.setTimeout(200_000);
  const relay = await Relay.start();
  const company = new Company();
  try {
    const two = await twoPeople(company, relay);
    const [mira, jonas] = [two.mira.page, two.jonas.page];
    await createRoom(mira, ROOM);
    await joinByLink(jonas, await invite(mira), ROOM);
    await expect(notes(mira).filter({ hasText: 'Jonas joined' })).toBeVisible();

    await createRoom(mira, 'Second room');
    await button(mira, 'Invite people').first().click();
    await dialog(mira).getByRole('button', { name: 'Add: Jonas' }).click();
    await expect(dialog(mira).getByText('Added', { exact: true })).toBeVisible();
    await mira.keyboard.press('Escape');
    await expect(jonas.getByTestId('room-entry').filter({ hasText: 'Second room' })).toBeVisible();

    await button(mira, 'New chat').click();
    await dialog(mira).getByLabel('Name, username or contact link').fill('jon');
    await dialog(mira).getByRole('button', { name: 'Chat: Jonas' }).click();
    await expect(mira.getByRole('heading', { name: 'Jonas', level: 1 })).toBeVisible();
    await send(mira, 'just the two of us');
    await expect(jonas.getByTestId('room-entry').filter({ hasText: 'just the two of us' })).toBeVisible();
  } finally {
    await company.dispose();
    await relay.dispose();
  }
});
