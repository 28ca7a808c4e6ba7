import { expect, type Page, test } from '@playwright/test';
import { announce, changeSettings, openDesk } from '../support/admin.ts';
import { expectAccessible } from '../support/axe.ts';
import {
  Company,
  createRoom,
  invite,
  joinByLink,
  openRoom,
  openSettings,
  register,
  reportMessage,
  send,
  submitDetails,
  texts,
} from '../support/people.ts';
import { Relay } from '../support/relay.ts';

// What members and the operator have to do with each other: reports, invites, and words to everybody.

const MIRA = { username: 'mira', password: 'violet-otter-paper-lantern', displayName: 'Mira Steinbach' };
const JONAS = { username: 'jonas', password: 'copper-river-quiet-window', displayName: 'Jonas Weberknecht' };
const ZOE = { username: 'zoe.k', password: 'ten-wooden-garden-chairs', displayName: 'Zoë' };
const ROOM = 'Reading group';

let relay: Relay;
let company: Company;
/** Where the administrator is at work. */
let desk: Page;

test.beforeEach(async () => {
  test.setTimeout(180_000);
  relay = await Relay.start();
  company = new Company();
  desk = (await company.open()).page;
  await register(desk, await relay.setupLink(), MIRA);
});

test.afterEach(async () => {
  await company.dispose();
  await relay.dispose();
});

/** The administrator is not in the room: what is known about it comes from the report alone. */
async function roomOfTwo(): Promise<{ jonas: Page; zoe: Page }> {
  const jonas = (await company.open()).page;
  await register(jonas, relay.url, JONAS);
  await createRoom(jonas, ROOM);
  const link = await invite(jonas);
  const zoe = (await company.open()).page;
  await register(zoe, relay.url, ZOE);
  await joinByLink(zoe, link, ROOM);
  return { jonas, zoe };
}

test('a reported message is proven to the administrator and removed from open pages', async () => {
  const { jonas, zoe } = await roomOfTwo();
  await send(jonas, 'Cheap watches, only today!');
  await send(jonas, 'Chapter 7 by Thursday?');
  await expect(texts(zoe)).toHaveText(['Cheap watches, only today!', 'Chapter 7 by Thursday?']);
  await openDesk(desk, relay, 'reports', 'Reports');
  await expect(desk.getByText('No open reports')).toBeVisible();
  await reportMessage(zoe, 'Cheap watches', 'He sells watches.');

  // The open desk hears of it, opens the report by itself and checks the signature.
  const report = desk.getByTestId('report');
  await expect(report.getByRole('heading')).toHaveText('@zoe.k reports a message of @jonas');
  await expect(report.getByText('Cheap watches, only today!')).toBeVisible();
  await expect(report.getByText('Proven: written by @jonas')).toBeVisible();
  await expect(report.getByText('He sells watches.')).toBeVisible();
  // Nothing else of the conversation came along.
  await expect(desk.getByText('Chapter 7')).toHaveCount(0);
  await expect(desk.getByText(ROOM)).toHaveCount(0);

  await report.getByRole('button', { name: 'Remove the message' }).click();
  const dialog = desk.getByRole('dialog', { name: 'Remove this message?' });
  await expect(dialog).toContainText('deleted from the relay for good');
  await dialog.getByRole('button', { name: 'Remove the message' }).click();
  await expect(desk.getByText('The message is removed.')).toBeVisible();
  await expect(desk.getByText('No open reports')).toBeVisible();

  for (const [page, who] of [
    [zoe, 'a message of Jonas Weberknecht'],
    [jonas, 'a message of yours'],
  ] as const) {
    await expect(page.getByText(`The operator of this relay removed ${who}`)).toBeVisible();
    await expect(texts(page)).toHaveText(['Chapter 7 by Thursday?']);
    // It stays so for whoever looks again, and for the search in what this device keeps.
    await page.reload();
    await openRoom(page, ROOM);
    await expect(page.getByText(`The operator of this relay removed ${who}`)).toBeVisible();
    await expect(texts(page)).toHaveText(['Chapter 7 by Thursday?']);
  }

  await desk.getByRole('radio', { name: 'All' }).check({ force: true });
  await expect(report).toContainText('Message removed');
  await expect(report).toContainText('What was reported has been deleted');
  await expect(report.getByRole('button', { name: 'Remove the message' })).toHaveCount(0);
});

test('a message that is kept stays, and the report closes', async () => {
  const { jonas, zoe } = await roomOfTwo();
  await send(jonas, 'I did not like chapter 6.');
  await expect(texts(zoe)).toHaveCount(1);
  await reportMessage(zoe, 'chapter 6', '');
  await openDesk(desk, relay, 'reports', 'Reports');
  await desk.getByTestId('report').getByRole('button', { name: 'Keep the message' }).click();
  await desk.getByRole('dialog').getByRole('button', { name: 'Keep the message' }).click();
  await expect(desk.getByText('No open reports')).toBeVisible();
  await zoe.reload();
  await openRoom(zoe, ROOM);
  await expect(texts(zoe)).toHaveText(['I did not like chapter 6.']);
});

test('an invite lets one person in, and nobody after them', async () => {
  await changeSettings(desk, relay, () => desk.getByRole('radio', { name: 'Who has an invite' }).check());
  await openDesk(desk, relay, 'invites', 'Invites');
  await desk.getByLabel('Note (optional)').fill('for Jonas');
  await desk.getByRole('button', { name: 'Create invite' }).click();
  const link = await desk.getByRole('textbox', { name: 'Invite link' }).inputValue();
  await expect(desk.getByRole('row', { name: /for Jonas/ })).toBeVisible();

  const jonas = await company.open();
  await test.step('without an invite, or with a made-up one, nobody gets further', async () => {
    await jonas.page.goto(`${relay.url}/#/register`);
    await jonas.page.getByLabel('Invite code').fill(`${relay.url}/#/invite/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA`);
    await submitDetails(jonas.page, JONAS);
    await expect(jonas.page.getByText('used before, has expired or is mistyped')).toBeVisible();
  });
  await test.step('the link admits', async () => {
    await register(jonas.page, link, JONAS);
    await expect(jonas.page.getByRole('button', { name: 'New room' }).first()).toBeVisible();
    // The code is in no address that the browser remembers.
    expect(jonas.page.url()).not.toContain('invite');
  });
  await test.step('it is used up', async () => {
    await desk.getByRole('button', { name: 'Refresh' }).click();
    await expect(desk.getByRole('row', { name: /for Jonas/ })).toHaveCount(0);
    const { page } = await company.open();
    await page.goto(link);
    await submitDetails(page, ZOE);
    await expect(page.getByText('used before, has expired or is mistyped')).toBeVisible();
  });
});

test('an announcement that was dismissed can be read again for as long as it stands', async () => {
  const FLAG = '🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}';
  const NEWS = 'The rules have changed: https://example.org/rules';
  const WARNING = `Off to Scotland ${FLAG}: nobody is at the machine on Saturday.`;
  const { page } = await company.open();
  await register(page, relay.url, JONAS);
  await expect(page.getByRole('button', { name: 'New room' }).first()).toBeVisible();
  const bar = page.getByTestId('announcement');
  const again = page.getByTestId('operator-announcement');
  await openSettings(page, 'operator', 'From the operator');
  await expect(page.getByText('No announcements')).toBeVisible();

  await announce(desk, relay, NEWS, 'Information');
  await announce(desk, relay, WARNING, 'Warning');
  await expect(again).toHaveCount(2);
  // Where all of them are read, none stands above them as well.
  await expect(bar).toHaveCount(0);
  await page.goto(`${relay.url}/#/`);
  await expect(bar).toContainText(WARNING);
  await bar.getByRole('link', { name: '1 more announcement' }).click();
  await expect(page.getByRole('heading', { name: 'From the operator', level: 1 })).toBeVisible();

  await page.goto(`${relay.url}/#/`);
  await bar.getByRole('button', { name: 'Dismiss announcement' }).click();
  await expect(bar).toContainText(NEWS);
  await bar.getByRole('button', { name: 'Dismiss announcement' }).click();
  await expect(bar).toHaveCount(0);
  await page.reload();
  await openSettings(page, 'operator', 'From the operator');
  await expect(again).toHaveCount(2);
  await expect(again.first()).toContainText(WARNING);
  await expect(again.first()).toContainText('not encrypted');
  await expect(again.last().getByRole('link', { name: 'https://example.org/rules' })).toBeVisible();
  await expectAccessible(page, 'announcements', () => expect(again).toHaveCount(2));

  await desk.getByTestId('announcement-record').filter({ hasText: WARNING }).getByRole('button').click();
  await desk.getByRole('dialog').getByRole('button', { name: 'Withdraw' }).click();
  await expect(again).toHaveCount(1);
  await expect(again).toContainText(NEWS);
});
