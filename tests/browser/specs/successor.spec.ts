import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { Company, composer, createRoom, invite, joinByLink, send, texts, twoPeople } from '../support/people.ts';
import { Relay } from '../support/relay.ts';

// A relay that was set back to an older backup: what is on the devices stays, and an owner moves the room to a new one.

const ROOM = 'Lighthouse keepers';

const connected = (page: Page) =>
  expect(page.getByTestId('connection')).toHaveAttribute('data-state', 'connected', { timeout: 60_000 });

test('a room that lost its way goes on in a new one, with the past kept in the old one', async () => {
  test.setTimeout(240_000);
  const relay = await Relay.start();
  const company = new Company();
  const backup = join(relay.data, '../backup');
  try {
    const two = await twoPeople(company, relay);
    const [mira, jonas] = [two.mira.page, two.jonas.page];
    await createRoom(mira, ROOM);
    await joinByLink(jonas, await invite(mira), ROOM);
    await send(mira, 'before the backup');
    await expect(texts(jonas)).toHaveText(['before the backup']);

    await relay.stop();
    cpSync(relay.data, backup, { recursive: true });
    await relay.restart();
    await connected(mira);
    await connected(jonas);
    for (const said of ['after the backup', 'and more']) await send(mira, said);
    await expect(texts(jonas)).toHaveText(['before the backup', 'after the backup', 'and more']);

    await test.step('the backup is put in its place', async () => {
      await relay.stop();
      rmSync(relay.data, { recursive: true });
      cpSync(backup, relay.data, { recursive: true });
      await relay.restart();
      for (const page of [mira, jonas]) {
        await expect(page.getByRole('note').filter({ hasText: 'gone back to an older state' })).toBeVisible({
          timeout: 60_000,
        });
        await expect(texts(page)).toHaveText(['before the backup', 'after the backup', 'and more']);
        await expect(composer(page)).toBeHidden();
      }
      await expect(jonas.getByRole('button', { name: 'Go on in a new room' })).toBeHidden();
    });

    await test.step('the owner moves it', async () => {
      await mira.getByRole('button', { name: 'Go on in a new room' }).click();
      const dialog = mira.getByRole('dialog', { name: 'Go on in a new room?' });
      await expect(dialog.getByRole('checkbox', { name: 'Jonas' })).toBeChecked();
      await dialog.getByRole('button', { name: 'Make the new room' }).click();
      await expect(dialog).toBeHidden();
      await expect(composer(mira)).toBeVisible();
      await send(mira, 'here we go on');
      await expect(jonas.getByTestId('room-entry').filter({ hasText: 'here we go on' })).toBeVisible();
    });

    await test.step('everybody finds both', async () => {
      await jonas.getByTestId('room-entry').filter({ hasText: 'here we go on' }).click();
      await expect(texts(jonas)).toHaveText(['here we go on']);
      await send(jonas, 'with me');
      await expect(texts(mira)).toHaveText(['here we go on', 'with me']);
      await mira.goto(`${relay.url}/#/`);
      await mira.getByTestId('room-entry').filter({ hasNotText: 'with me' }).click();
      await expect(texts(mira)).toHaveText(['before the backup', 'after the backup', 'and more']);
      await mira.getByRole('button', { name: 'Open the new room' }).click();
      await expect(texts(mira)).toHaveText(['here we go on', 'with me']);
    });
  } finally {
    await company.dispose();
    await relay.dispose();
  }
});
