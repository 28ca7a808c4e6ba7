import { expect, type Page, test } from '@playwright/test';
import { announce, changeSettings, openDesk } from '../support/admin.ts';
import { expectAccessible } from '../support/axe.ts';
import { Company, createRoom, logIn, register } from '../support/people.ts';
import { Relay } from '../support/relay.ts';

// The administrator's desk can be perceived and used: on a phone and a desktop, and with a keyboard alone.

const MIRA = { username: 'mira', password: 'violet-otter-paper-lantern', displayName: 'Mira Steinbach' };
const JONAS = { username: 'jonas', password: 'copper-river-quiet-window', displayName: 'Jonas Weberknecht' };
const ZOE = { username: 'zoe.k', password: 'ten-wooden-garden-chairs', displayName: 'Zoë' };
/** Names and words that are as long as they may be, or longer than there is room. */
const WORDY = { username: 'w'.repeat(32), password: 'ten-wooden-garden-chairs', displayName: '' };
const LONG = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft';
const PARTS = [
  ['overview', 'Overview', 'Messages today'],
  ['approvals', 'Approvals', 'Nobody waits'],
  ['users', 'Users', 'jonas'],
  ['rooms', 'Rooms', 'Remove'],
  ['reports', 'Reports', 'No open reports'],
  ['announcements', 'Announcements', 'Shown now'],
  ['invites', 'Invites', 'Create invite'],
  ['settings', 'Settings', 'Name of this relay'],
  ['audit', 'Audit log', '#1'],
] as const;

let relay: Relay;
let company: Company;
let page: Page;

test.beforeEach(async () => {
  test.setTimeout(240_000);
  relay = await Relay.start();
  company = new Company();
  const mira = await company.open();
  page = mira.page;
  await register(page, await relay.setupLink(), MIRA);
});

test.afterEach(async () => {
  await company.dispose();
  await relay.dispose();
});

test('axe finds nothing to say about any part of the desk, and nothing runs out of the window', async () => {
  await createRoom(page, 'Reading group');
  const jonas = await company.open();
  await register(jonas.page, relay.url, JONAS);
  const wordy = await company.open();
  await register(wordy.page, relay.url, WORDY);
  await announce(page, relay, `${LONG} ${LONG}`, 'Warning');
  await openDesk(page, relay, 'invites', 'Invites');
  await page.getByLabel('Note (optional)').fill(LONG);
  await page.getByRole('button', { name: 'Create invite' }).click();
  await expect(page.getByRole('textbox', { name: 'Invite link' })).toHaveValue(/#\/invite\//);
  for (const [part, heading, content] of PARTS) {
    await test.step(heading, async () => {
      await openDesk(page, relay, part, heading);
      const shown = () => expect(page.getByText(content, { exact: true }).first()).toBeVisible();
      await expectAccessible(page, heading, shown);
      for (const width of [320, 390, 1000]) {
        await page.setViewportSize({ width, height: 800 });
        await shown();
        await expectNothingTooWide(page, `${heading} at ${width}`);
      }
    });
  }
  await test.step('a user with a long name', async () => {
    await openDesk(page, relay, 'users', 'Users');
    await page.getByRole('link', { name: WORDY.username, exact: true }).click();
    const name = page.getByRole('heading', { name: `@${WORDY.username}` });
    for (const width of [320, 390, 1000, 1440]) {
      await page.setViewportSize({ width, height: 800 });
      await expect(name).toBeVisible();
      await expectNothingTooWide(page, `long name at ${width}`);
    }
    await page.keyboard.press('Escape');
  });
  await test.step('a user, and a question before something is done', async () => {
    await openDesk(page, relay, 'users', 'Users');
    await page.getByRole('link', { name: 'jonas', exact: true }).click();
    const ban = page.getByRole('button', { name: 'Ban', exact: true });
    await expectAccessible(page, 'user', () => expect(ban).toBeVisible());
    const dialog = page.getByRole('dialog', { name: 'Ban @jonas?' });
    await expectAccessible(page, 'ban', async () => {
      // Another size may show the user in another place, without the question.
      if (!(await dialog.isVisible())) await ban.click();
      await expect(dialog).toBeVisible();
    });
  });
});

test('axe finds nothing to say about what people see who wait, are elsewhere, or look for a desk that is not theirs', async () => {
  const jonas = await company.open();
  const person = await register(jonas.page, relay.url, JONAS);
  await expect(jonas.page.getByRole('button', { name: 'New room' }).first()).toBeVisible();
  await test.step('no administrator', async () => {
    await jonas.page.goto(`${relay.url}/#/admin/users`);
    const shown = jonas.page.getByText('This is for administrators');
    await expectAccessible(jonas.page, 'not for you', () => expect(shown).toBeVisible());
  });
  await test.step('displaced', async () => {
    const elsewhere = await company.open();
    await logIn(elsewhere.page, relay, person);
    const shown = jonas.page.getByRole('heading', { name: 'Waxwing is open elsewhere' });
    await expectAccessible(jonas.page, 'displaced', () => expect(shown).toBeVisible());
  });
  await test.step('waiting', async () => {
    await changeSettings(page, relay, () =>
      page.getByRole('radio', { name: 'Everybody, after your approval' }).check(),
    );
    const zoe = await company.open();
    await register(zoe.page, relay.url, ZOE);
    const shown = zoe.page.getByRole('heading', { name: 'Almost there' });
    await expectAccessible(zoe.page, 'waiting', () => expect(shown).toBeVisible());
    // With the operator's word, of both kinds.
    for (const [text, kind] of [
      ['I look at new accounts in the evening.', 'Information'],
      ['Maintenance on Saturday.', 'Warning'],
    ] as const) {
      await announce(page, relay, text, kind);
      await expectAccessible(zoe.page, `waiting, ${kind}`, () => expect(zoe.page.getByText(text)).toBeVisible());
    }
    await openDesk(page, relay, 'approvals', 'Approvals');
    await page.getByRole('button', { name: 'Refuse: zoe.k' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Refuse', exact: true }).click();
    await expectAccessible(zoe.page, 'refused', () =>
      expect(zoe.page.getByText('declined this account')).toBeVisible(),
    );
  });
});

test('the keyboard alone is enough, and the focus is never lost', async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole('button', { name: 'Administration' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Users' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Users', level: 1 })).toBeVisible();
  await expect(page.getByRole('main')).toBeFocused();

  const link = page.getByRole('link', { name: 'mira', exact: true });
  await link.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: '@mira', level: 1 })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(link).toBeFocused();

  await page.getByRole('button', { name: 'All of the administration' }).press('Enter');
  await expect(page.getByRole('link', { name: 'Users' })).toBeFocused();
});

/** Nothing is wider than the place that shows it. */
async function expectNothingTooWide(page: Page, what: string): Promise<void> {
  const wide = await page.evaluate(() =>
    [...document.querySelectorAll('body, main, main .scroll, main .side, dialog, [data-testid=announcement]')].map(
      (element) => element.scrollWidth - element.clientWidth,
    ),
  );
  expect(Math.max(...wide), what).toBeLessThanOrEqual(0);
}
