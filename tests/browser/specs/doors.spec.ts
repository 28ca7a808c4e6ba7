import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { changeSettings } from '../support/admin.ts';
import { expectAccessible } from '../support/axe.ts';
import { Company, createRoom, invite, register } from '../support/people.ts';
import { Relay } from '../support/relay.ts';

const ROOM = 'Harbour';

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const details = (page: Page) => page.getByRole('complementary', { name: 'Room details' });
const dialog = (page: Page) => page.getByRole('dialog');

/** Lets every link of the relay end, as if its time had passed; the relay must not run. */
function endLinks(relay: Relay): void {
  const code = `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("UPDATE join_methods SET expires_at_ms = 1")
database.commit()
database.close()`;
  execFileSync('python3', ['-c', code, join(relay.data, 'waxwing.db')]);
}

async function openLink(page: Page, link: string): Promise<void> {
  await page.goto('about:blank');
  await page.goto(link);
}

test('links end, are taken back, and say so; a password is taken away; guests are turned off', async () => {
  test.setTimeout(300_000);
  const relay = await Relay.start();
  const company = new Company();
  try {
    const mira = (await company.open()).page;
    const jonas = (await company.open()).page;
    const stranger = (await company.open()).page;
    await register(mira, await relay.setupLink(), {
      username: 'mira',
      password: 'violet-otter-paper-lantern',
      displayName: 'Mira',
    });
    await register(jonas, relay.url, {
      username: 'jonas',
      password: 'copper-river-quiet-window',
      displayName: 'Jonas',
    });
    await createRoom(mira, ROOM);

    const link = await test.step('a link lasts a week unless somebody says otherwise', async () => {
      const made = await invite(mira);
      await button(mira, 'Invite people').first().click();
      await expect(dialog(mira).getByLabel('Invite link')).toHaveValue(made);
      await expect(dialog(mira).getByText(/^Works until .*another 1 week/)).toBeVisible();
      await expectAccessible(mira, 'invite', () => expect(dialog(mira).getByText(/^Works until/)).toBeVisible());
      await dialog(mira).getByRole('radio', { name: '1 hour' }).check({ force: true });
      await expect(dialog(mira).getByText(/another (1 hour|\d+ minutes)/)).toBeVisible();
      await expect(dialog(mira).getByLabel('Invite link')).toHaveValue(made);
      await mira.keyboard.press('Escape');
      if (await details(mira).isHidden()) await button(mira, 'Room details').click();
      await expect(details(mira).getByText(/^Another (1 hour|\d+ minutes)$/)).toBeVisible();
      return made;
    });

    await test.step('whoever opens it too late reads that', async () => {
      await relay.stop();
      endLinks(relay);
      await relay.restart();
      await openLink(jonas, link);
      await expect(jonas.getByRole('alert')).toContainText('has expired');
      await expect(button(jonas, 'Try again')).toBeHidden();
    });

    await test.step('whoever opens one that was taken back reads that', async () => {
      await button(mira, 'Revoke').click();
      await expect(details(mira).getByText('By invite link').locator('..')).toContainText('Off');
      const other = await invite(mira);
      expect(other).not.toBe(link);
      await button(mira, 'Revoke').click();
      await expect(details(mira).getByText('By invite link').locator('..')).toContainText('Off');
      await openLink(jonas, other);
      await expect(jonas.getByRole('alert')).toContainText('was revoked or replaced');
      await expect(button(jonas, 'Try again')).toBeHidden();
    });

    await test.step('a password is taken away again', async () => {
      await button(mira, 'Set a password').click();
      await dialog(mira).getByRole('button', { name: 'Set password' }).click();
      await dialog(mira).getByRole('button', { name: 'Done' }).click();
      await expect(button(mira, 'New password')).toBeVisible();
      await button(mira, 'Take away').click();
      await expect(button(mira, 'Set a password')).toBeVisible();
      await expect(button(mira, 'Take away')).toBeHidden();
    });

    await test.step('where guests are turned off, a link says so', async () => {
      const last = await invite(mira);
      await openLink(stranger, last);
      await expect(button(stranger, 'Join as a guest')).toBeVisible();
      await changeSettings(mira, relay, async () => {
        await mira.getByRole('radio', { name: 'Not allowed' }).check();
      });
      await openLink(stranger, last);
      await expect(stranger.getByText('This relay takes no guests.')).toBeVisible();
      await expect(button(stranger, 'Join as a guest')).toBeHidden();
    });
  } finally {
    await company.dispose();
    await relay.dispose();
  }
});
