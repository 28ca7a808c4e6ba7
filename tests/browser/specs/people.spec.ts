import { expect, test } from '@playwright/test';
import { Company, register, send, texts } from '../support/people.ts';
import { Relay } from '../support/relay.ts';

test('a guest joins a password room while nobody is online, reads the history, and comes back with the code', async () => {
  test.setTimeout(240_000);
  const relay = await Relay.start();
  const company = new Company();
  try {
    const mira = await company.open();
    const guest = await company.open();
    const later = await company.open();
    await register(mira.page, await relay.setupLink(), {
      username: 'mira',
      password: 'violet-otter-paper-lantern',
      displayName: 'Mira',
    });
    const dialog = mira.page.getByRole('dialog');
    await mira.page.getByRole('button', { name: 'New room', exact: true }).first().click();
    await dialog.getByLabel('Room name').fill('Harbour');
    await dialog.getByLabel('Let people join with a password').check();
    await dialog.getByRole('button', { name: 'Create room' }).click();
    await dialog.getByRole('button', { name: 'Set password' }).click();
    const name = await dialog.getByLabel('Name to join by').inputValue();
    const password = await dialog.getByLabel('Room password', { exact: true }).inputValue();
    await dialog.getByRole('button', { name: 'Done' }).click();
    await send(mira.page, 'said before anybody came');
    await expect(texts(mira.page)).toHaveText(['said before anybody came']);
    await expect(mira.page.locator('[data-state="waiting"]')).toHaveCount(0);
    await mira.page.goto('about:blank');

    await guest.page.goto(relay.url);
    await guest.page.getByRole('button', { name: 'Join as a guest' }).click();
    await guest.page.getByLabel('Your name').fill('Visitor');
    await guest.page.getByLabel('Name of the room').fill(name);
    await guest.page.getByLabel('Password of the room').fill('not the password');
    await guest.page.getByRole('button', { name: 'Join', exact: true }).click();
    await expect(guest.page.getByRole('alert')).toBeVisible();
    await guest.page.getByLabel('Password of the room').fill(password);
    await guest.page.getByRole('button', { name: 'Join', exact: true }).click();
    await expect(texts(guest.page)).toHaveText(['said before anybody came']);
    await send(guest.page, 'thank you');

    await guest.page.getByRole('button', { name: 'Keep my place' }).click();
    const code = ((await guest.page.getByTestId('place-code').textContent()) ?? '').trim();
    await guest.page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();

    await later.page.goto(relay.url);
    await later.page.getByRole('button', { name: 'Join as a guest' }).click();
    await later.page.getByRole('radio', { name: 'I was here before' }).check();
    await later.page.getByLabel('Place code').fill(code);
    await later.page.getByRole('button', { name: 'Take my place again' }).click();
    await later.page.getByTestId('room-entry').filter({ hasText: 'Harbour' }).click();
    await expect(texts(later.page)).toHaveText(['said before anybody came', 'thank you']);
  } finally {
    await company.dispose();
    await relay.dispose();
  }
});
