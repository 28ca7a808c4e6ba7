import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type Locator, type Page } from '@playwright/test';
import type { Relay } from './relay.ts';

/** Opens a part of the administrator's desk on a page that shows an administrator's session. */
export async function openDesk(page: Page, relay: Relay, part: string, heading: string): Promise<void> {
  await page.goto(`${relay.url}/#/admin/${part}`);
  await expect(page.getByRole('heading', { name: heading, exact: true, level: 1 })).toBeVisible();
}

/** Opens what the desk says about a user. */
export async function openUser(page: Page, relay: Relay, username: string): Promise<Locator> {
  await openDesk(page, relay, 'users', 'Users');
  await page.getByRole('link', { name: username, exact: true }).click();
  const pane = page.getByRole('complementary', { name: `About @${username}` });
  await expect(pane.getByRole('heading', { name: 'What you can do' })).toBeVisible();
  return pane;
}

/** Does something with the user whose details are open, and confirms it. */
export async function actOn(page: Page, pane: Locator, action: string, reason?: string): Promise<void> {
  await pane.getByRole('button', { name: action, exact: true }).click();
  const dialog = page.getByRole('dialog');
  if (reason !== undefined) await dialog.getByLabel('Reason (optional)').fill(reason);
  await dialog.getByRole('button', { name: action, exact: true }).click();
  await expect(dialog).toBeHidden();
}

/** Changes settings by hand on the desk, and saves them. */
export async function changeSettings(page: Page, relay: Relay, change: () => Promise<void>): Promise<void> {
  await openDesk(page, relay, 'settings', 'Settings');
  await change();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved. It counts from now on.')).toBeVisible();
}

/** Tells everybody something. */
export async function announce(
  page: Page,
  relay: Relay,
  text: string,
  kind: 'Information' | 'Warning',
): Promise<void> {
  await openDesk(page, relay, 'announcements', 'Announcements');
  await page.getByLabel('Text').fill(text);
  await page.getByRole('radio', { name: kind }).check({ force: true });
  await page.getByRole('button', { name: 'Announce', exact: true }).click();
  await expect(page.getByTestId('announcement-record').filter({ hasText: text })).toBeVisible();
}

/**
 * Writes over a text wherever a stopped relay has it on disk, as somebody with access to the machine could: below the
 * database, so that none of its triggers see it. Returns how often it was there.
 */
export function overwriteOnDisk(directory: string, from: string, to: string): number {
  if (Buffer.byteLength(from) !== Buffer.byteLength(to)) throw new Error('the texts must be equally long');
  let count = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = readFileSync(path);
    for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at)) {
      count += 1;
      at += bytes.write(to, at);
    }
    writeFileSync(path, bytes);
  }
  return count;
}
