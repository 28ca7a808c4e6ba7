import { expect, type Locator, type Page, test } from '@playwright/test';
import { expectAccessible } from '../support/axe.ts';
import { choose, message } from '../support/messages.ts';
import { Company, composer, createRoom, invite, joinByLink, send, twoPeople } from '../support/people.ts';
import { Relay } from '../support/relay.ts';

// Every window of a conversation: by axe's rules on a phone and a desktop, light and dark, and inside of the screen.

const ROOM = 'Harbour kitchen';
const SAID = 'Supper is at six, bring spoons';

let relay: Relay;
let company: Company;
let mira: Page;

test.describe.configure({ mode: 'serial', timeout: 180_000 });

test.beforeAll(async () => {
  test.setTimeout(180_000);
  relay = await Relay.start();
  company = new Company();
  const two = await twoPeople(company, relay);
  mira = two.mira.page;
  await createRoom(mira, 'Notes');
  await mira.goto(`${relay.url}/#/`);
  await createRoom(mira, ROOM);
  await joinByLink(two.jonas.page, await invite(mira), ROOM);
  await send(mira, SAID);
  await choose(mira, SAID, 'Edit');
  await composer(mira).fill(`${SAID} and forks`);
  await composer(mira).press('Enter');
  await expect(message(mira, 'and forks')).toBeVisible();
  await choose(mira, SAID, 'Pin');
  await expect(mira.getByTestId('pins')).toBeVisible();
});

test.afterAll(async () => {
  await company.dispose();
  await relay.dispose();
});

const dialog = (name: string | RegExp): Locator => mira.getByRole('dialog', { name });
const button = (name: string | RegExp): Locator => mira.getByRole('button', { name, exact: true }).first();
const details = (): Locator => mira.getByRole('complementary', { name: 'Room details' });

/** Looks at what is open, and closes it. */
async function look(what: string, shown: Locator): Promise<void> {
  await test.step(what, async () => {
    await expectAccessible(mira, what, async () => {
      await expect(shown).toBeVisible();
      const out = await shown.evaluate((node) => {
        const { left, right } = node.getBoundingClientRect();
        return Math.max(-left, right - window.innerWidth, document.documentElement.scrollWidth - window.innerWidth);
      });
      expect.soft(out, `${what} is inside of the window`).toBeLessThanOrEqual(0);
    });
    await mira.setViewportSize({ width: 1280, height: 900 });
    await mira.keyboard.press('Escape');
    await expect(shown).toBeHidden();
  });
}

test('windows for a message', async () => {
  await message(mira, SAID).hover();
  await message(mira, SAID).locator('[data-message-menu]').click();
  // A menu belongs to its place: it closes when the window changes, so axe looks at it as it is.
  await expect(mira.getByRole('menuitem', { name: 'Delete…' })).toBeVisible();
  await mira.keyboard.press('Escape');
  for (const [choice, title] of [
    ['Forward…', 'Forward'],
    ['Details', 'Message details'],
    ['Delete…', 'Delete for everyone?'],
  ] as const) {
    await choose(mira, SAID, choice);
    await look(title, dialog(title));
  }
  await message(mira, SAID).getByRole('button', { name: 'edited' }).click();
  await look('earlier versions', dialog('Earlier versions'));
});

test('windows of the composer and of the timeline', async () => {
  await button('Ask a poll').click();
  await dialog('New poll').getByLabel('Question').fill('Which boat?');
  for (const n of [1, 2]) await dialog('New poll').getByLabel(`Answer ${n}`).fill('The red one');
  await expect(dialog('New poll')).toContainText('Two answers are the same.');
  await look('a poll', dialog('New poll'));

  await composer(mira).fill('See https://example.org/tide');
  await mira.getByRole('button', { name: /^Say what/ }).click();
  await look('a preview', dialog('Preview of a link'));
  await composer(mira).fill('');

  await mira.getByTestId('pins').getByRole('button', { name: /pinned$/ }).click();
  await look('pinned messages', dialog('Pinned messages'));

  for (let n = 0; n < 12; n++) await send(mira, `line ${n}\n`.repeat(8));
  await mira.getByRole('log').hover();
  await expect(async () => {
    await mira.mouse.wheel(0, -900);
    await expect(mira.getByRole('button', { name: /Go to another day/ })).toBeVisible({ timeout: 500 });
  }).toPass();
  await mira.getByRole('button', { name: /Go to another day/ }).click();
  await look('a day to go to', dialog('Go to a day'));
  await button('Jump to latest').click();
});

test('windows of a room', async () => {
  if (await details().isHidden()) await button('Room details').click();
  await details().getByRole('button', { name: 'Edit', exact: true }).click();
  await look('editing a room', dialog('Edit the room'));
  await details().getByRole('button', { name: 'Set a password' }).click();
  await dialog(/^Password for/).getByRole('radio', { name: 'Choose one' }).check();
  await look('a password', dialog(/^Password for/));
  await details().getByLabel('Messages disappear').selectOption({ label: '1 week' });
  await look('messages that disappear', dialog('Let messages disappear after 1 week?'));
  const jonas = details().getByRole('listitem').filter({ hasText: 'Jonas' }).getByRole('button');
  await jonas.click();
  await look('a member', dialog('Jonas'));
  for (const [what, title] of [
    ['Safety number', 'Safety number with Jonas'],
    ['Change role', 'Role of Jonas'],
    ['Remove from the room', 'Remove Jonas?'],
  ] as const) {
    await jonas.click();
    await mira.getByRole('dialog').getByRole('button', { name: what }).click();
    await look(title, dialog(title));
    if (await mira.getByRole('dialog').isVisible()) await mira.keyboard.press('Escape');
  }
  await details().getByRole('button', { name: 'Leave room' }).click();
  await look('leaving', mira.getByRole('dialog'));
  await button('New chat').click();
  await look('a new chat', dialog('New chat'));
});
