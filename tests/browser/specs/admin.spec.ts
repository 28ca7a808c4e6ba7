import { expect, type Page, test } from '@playwright/test';
import { actOn, announce, changeSettings, openDesk, openUser, overwriteOnDisk } from '../support/admin.ts';
import { Company, composer, createRoom, logIn, type Person, register, submitPassword } from '../support/people.ts';
import { Relay } from '../support/relay.ts';
import { nextCode } from '../support/totp.ts';

// What an administrator does takes effect at once, on pages that are open.

const MIRA = { username: 'mira', password: 'violet-otter-paper-lantern', displayName: 'Mira Steinbach' };
const JONAS = { username: 'jonas', password: 'copper-river-quiet-window', displayName: 'Jonas Weberknecht' };

let relay: Relay;
let company: Company;
/** Where the administrator is at work. */
let desk: Page;
let errors: string[];

test.beforeEach(async () => {
  test.setTimeout(180_000);
  relay = await Relay.start();
  company = new Company();
  const mira = await company.open();
  await register(mira.page, await relay.setupLink(), MIRA);
  desk = mira.page;
  errors = mira.errors;
});

test.afterEach(async () => {
  await company.dispose();
  await relay.dispose();
});

async function jonasComes(): Promise<{ page: Page; person: Person }> {
  const { page } = await company.open();
  const person = await register(page, relay.url, JONAS);
  return { page, person };
}

test('only administrators find the desk', async () => {
  await desk.getByRole('button', { name: 'Administration' }).click();
  await expect(desk.getByRole('heading', { name: 'Overview', level: 1 })).toBeVisible();
  await expect(desk.getByText('You see sizes and times here')).toBeVisible();
  await desk.getByRole('button', { name: 'Back to conversations' }).click();
  await expect(desk.getByRole('button', { name: 'New room' }).first()).toBeVisible();

  const { page } = await jonasComes();
  await expect(page.getByRole('button', { name: 'New room' }).first()).toBeVisible();
  await expect(page.getByRole('button', { name: 'Administration' })).toHaveCount(0);
  await page.goto(`${relay.url}/#/admin/users`);
  await expect(page.getByText('This is for administrators')).toBeVisible();
  // Nor does the relay answer somebody who asks it directly.
  const status = await page.evaluate(() =>
    fetch('/api/v1/admin/users', { headers: { 'Waxwing-Client': '1' } }).then((answer) => answer.status),
  );
  expect(status).toBe(403);
  expect(errors).toEqual([]);
});

test('whoever registers waits for approval, and goes on by themself', async () => {
  await changeSettings(desk, relay, () =>
    desk.getByRole('radio', { name: 'Everybody, after your approval' }).check(),
  );
  await openDesk(desk, relay, 'approvals', 'Approvals');
  await expect(desk.getByText('Nobody waits', { exact: true })).toBeVisible();

  const { page } = await jonasComes();
  await expect(page.getByRole('heading', { name: 'Almost there' })).toBeVisible();
  // The open page of the administrator hears of it without being asked.
  const row = desk.getByTestId('approval');
  await expect(row).toContainText('jonas');
  await row.getByRole('button', { name: 'Approve: jonas' }).click();
  await expect(desk.getByText('@jonas is approved.')).toBeVisible();
  await expect(row).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'New room' }).first()).toBeVisible();
  await createRoom(page, 'Reading group');
  expect(errors).toEqual([]);
});

test('whoever is refused is told, and the account is gone', async () => {
  await changeSettings(desk, relay, () =>
    desk.getByRole('radio', { name: 'Everybody, after your approval' }).check(),
  );
  const { page } = await jonasComes();
  await expect(page.getByRole('heading', { name: 'Almost there' })).toBeVisible();
  await openDesk(desk, relay, 'approvals', 'Approvals');
  await desk.getByTestId('approval').getByRole('button', { name: 'Refuse: jonas' }).click();
  const dialog = desk.getByRole('dialog', { name: 'Refuse @jonas?' });
  await expect(dialog).toContainText('The account is deleted at once');
  await dialog.getByRole('button', { name: 'Refuse', exact: true }).click();
  await expect(desk.getByTestId('approval')).toHaveCount(0);
  await expect(page.getByText('declined this account')).toBeVisible();
  await openDesk(desk, relay, 'users', 'Users');
  await expect(desk.getByRole('link', { name: 'mira', exact: true })).toBeVisible();
  await expect(desk.getByRole('link', { name: 'jonas', exact: true })).toHaveCount(0);
});

test('a kick ends every session at once, and the person may come back', async () => {
  const { page, person } = await jonasComes();
  await createRoom(page, 'Reading group');
  const pane = await openUser(desk, relay, 'jonas');
  await actOn(desk, pane, 'End all sessions', 'a lost phone');
  await expect(pane.getByText('Not logged in anywhere.')).toBeVisible();
  await expect(composer(page)).toHaveCount(0);
  await expect(page.getByText('An administrator ended your sessions.')).toBeVisible();
  await logIn(page, relay, person);
  await expect(page.getByTestId('room-entry')).toContainText('Reading group');
});

test('a ban shuts the open page at once and lets nobody in until it is lifted', async () => {
  const { page, person } = await jonasComes();
  await createRoom(page, 'Reading group');
  const pane = await openUser(desk, relay, 'jonas');
  await actOn(desk, pane, 'Ban', 'advertisements');
  await expect(pane.getByText('Banned', { exact: true })).toBeVisible();
  await expect(composer(page)).toHaveCount(0);
  const blocked = page.getByText('An administrator has blocked this account.');
  await expect(blocked).toBeVisible();

  await page.goto(relay.url);
  await page.reload();
  await page.getByRole('button', { name: 'Log in' }).click();
  await submitPassword(page, person.username, person.password);
  await page.getByLabel('Six-digit code').fill(await nextCode(person.totpSecret));
  await expect(blocked).toBeVisible();

  await actOn(desk, pane, 'Lift the ban');
  await logIn(page, relay, person);
  await expect(page.getByTestId('room-entry')).toContainText('Reading group');
});

test('an announcement is seen at once, by those who come later, and no longer when it is withdrawn', async () => {
  const TEXT = 'The relay moves to a new machine on Saturday.';
  const { page, person } = await jonasComes();
  await expect(page.getByRole('button', { name: 'New room' }).first()).toBeVisible();
  await announce(desk, relay, TEXT, 'Warning');
  await expect(page.getByText(TEXT)).toBeVisible();

  const later = await company.open();
  await logIn(later.page, relay, person);
  await expect(later.page.getByText(TEXT)).toBeVisible();

  await desk.getByTestId('announcement-record').getByRole('button', { name: 'Withdraw' }).click();
  await desk.getByRole('dialog').getByRole('button', { name: 'Withdraw' }).click();
  await expect(desk.getByText('Nothing is announced')).toBeVisible();
  await expect(later.page.getByText(TEXT)).toHaveCount(0);
});

test('settings count at once: who may register, and under which name the relay goes', async () => {
  const { page } = await company.open();
  await page.goto(relay.url);
  await expect(page.getByRole('button', { name: 'Create account' })).toBeVisible();

  await changeSettings(desk, relay, async () => {
    await desk.getByLabel('Name of this relay').fill('Harbour relay');
    await desk.getByRole('radio', { name: 'Nobody' }).check();
  });
  await page.reload();
  await expect(page.getByText('This relay takes no new accounts at the moment.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Create account' })).toHaveCount(0);

  await openDesk(desk, relay, 'settings', 'Settings');
  await desk.getByRole('button', { name: 'Set back: Name of this relay' }).click();
  await desk.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(desk.getByLabel('Name of this relay')).toHaveValue('Waxwing');
});

test('the audit log tells what was done, and that somebody has changed it on disk', async () => {
  const REASON = 'wrote advertisements into four rooms';
  await jonasComes();
  const pane = await openUser(desk, relay, 'jonas');
  await actOn(desk, pane, 'Ban', REASON);

  await openDesk(desk, relay, 'audit', 'Audit log');
  const banned = desk.getByRole('row', { name: /Account banned/ });
  await expect(banned).toContainText('@mira');
  await expect(banned).toContainText('@jonas');
  await expect(banned).toContainText(REASON);
  const number = (await banned.getByText(/^#\d+$/).textContent())?.slice(1);
  await desk.getByLabel('What', { exact: true }).selectOption('setup');
  await expect(banned).toHaveCount(0);
  await desk.getByRole('button', { name: 'Clear filters' }).click();
  await expect(banned).toHaveCount(1);

  const verdict = desk.getByTestId('audit-verdict');
  await desk.getByRole('button', { name: 'Verify' }).click();
  await expect(verdict).toContainText('as they were written');

  await test.step('the export has every entry', async () => {
    const [download] = await Promise.all([
      desk.waitForEvent('download'),
      desk.getByRole('link', { name: 'Export' }).click(),
    ]);
    const chunks: Buffer[] = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
    const lines = Buffer.concat(chunks).toString().trim().split('\n');
    const entries = lines.map((line) => JSON.parse(line) as { seq: number; kind: string; detail: string });
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, at) => at + 1));
    expect(entries.find(({ kind }) => kind === 'banned')?.detail).toContain(REASON);
  });

  await relay.stop();
  expect(overwriteOnDisk(relay.data, REASON, REASON.replace('four', 'zero'))).toBeGreaterThan(0);
  await relay.restart();
  await desk.reload();
  await expect(banned).toContainText('zero rooms');
  await desk.getByRole('button', { name: 'Verify' }).click();
  await expect(verdict).toContainText(`Entry ${number} is not as it was written`);
});

test('the overview shows what happens while it happens', async () => {
  const online = desk.locator('section', { has: desk.getByRole('heading', { name: 'Online', exact: true }) });
  await openDesk(desk, relay, 'overview', 'Overview');
  await expect(online).toContainText('Connections 1');
  const jonas = await company.open();
  await register(jonas.page, relay.url, JONAS);
  await expect(online).toContainText('Connections 2');
  await createRoom(jonas.page, 'Reading group');
  await composer(jonas.page).fill('hello');
  await composer(jonas.page).press('Enter');
  const messages = desk.locator('section', { has: desk.getByRole('heading', { name: 'Messages today' }) });
  await expect(messages.locator('.value')).not.toHaveText('0');
  await jonas.close();
  await expect(online).toContainText('Connections 1');
  await expect(online.getByRole('img')).toHaveAccessibleName(/Online: now 1, lowest [01], highest 2\./);
  expect(errors).toEqual([]);
});
