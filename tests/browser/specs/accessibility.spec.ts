import { expect, type Locator, type Page, test } from '@playwright/test';
import { expectAccessible } from '../support/axe.ts';
import {
  codeField,
  Company,
  composer,
  createRoom,
  invite,
  joinByLink,
  logOut,
  readTotpSecret,
  register,
  send,
  submitDetails,
  submitPassword,
  texts,
  wrongCode,
} from '../support/people.ts';
import { Relay } from '../support/relay.ts';
import { leadAsAnotherVersion } from '../support/stranger.ts';
import { nextCode } from '../support/totp.ts';

// Everything can be perceived and used: by axe's rules on every screen, and with a keyboard alone.

const MIRA = { username: 'mira', password: 'violet-otter-paper-lantern', displayName: 'Mira Steinbach' };
const JONAS = { username: 'jonas', password: 'copper-river-quiet-window', displayName: 'Jonas Weberknecht' };
const ROOM = 'Reading group';

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

test('axe finds nothing to say about any screen', async () => {
  test.setTimeout(240_000);
  const { page, context } = await company.open();
  const look = (screen: string, locator: Locator) =>
    test.step(screen, () => expectAccessible(page, screen, () => expect(locator).toBeVisible()));
  const heading = (name: string) => page.getByRole('heading', { name, exact: true });
  const dialog = (name: string) => page.getByRole('dialog', { name });
  const button = (name: string) => page.getByRole('button', { name, exact: true }).first();

  await page.goto(relay.url);
  await look('landing of a new relay', page.getByText('This relay is new.'));
  await page.goto(`${relay.url}/#/setup`);
  await look('setup without its link', page.getByText('The setup link is incomplete.'));

  await page.goto(await relay.setupLink());
  await look('details', heading('Set up this relay'));
  await submitDetails(page, { ...MIRA, username: '1', password: 'short' });
  await expect(page.getByText('A username has 3 to 32 characters')).toBeVisible();
  await submitDetails(page, { ...MIRA, password: 'short' });
  await look('details with errors', page.getByText('The password needs at least 10 characters.'));
  await submitDetails(page, MIRA);
  const totpSecret = await readTotpSecret(page);
  await look('authenticator', page.getByRole('img', { name: 'QR code for your authenticator app' }));
  await codeField(page).fill(wrongCode(totpSecret));
  await look('authenticator with a wrong code', page.getByText('This code is not right.'));
  await codeField(page).fill(await nextCode(totpSecret));
  await look('recovery codes', page.getByTestId('recovery-codes'));
  await button('I have kept them').click();
  await look('recovery key', page.getByTestId('recovery-key'));
  const recoveryKey = ((await page.getByTestId('recovery-key').textContent()) ?? '').trim();
  await button('I have kept it').click();
  await page.getByLabel('Recovery key').fill('wrong');
  await button('Finish').click();
  await look('recovery key again', page.getByText('This is not the key that was shown.'));
  await page.getByLabel('Recovery key').fill(recoveryKey);
  await button('Finish').click();

  await look('nothing here yet', button('New room'));
  await button('New room').click();
  await look('new room', dialog('New room'));
  await page.keyboard.press('Escape');
  await button('Join by link').click();
  await page.getByLabel('Invite link').fill('no link');
  await button('Continue').click();
  await look('join by link', page.getByText('This is not an invite link'));
  await page.keyboard.press('Escape');
  await button('Settings').click();
  for (const [section, title] of [
    ['profile', 'Profile'],
    ['security', 'Password and recovery'],
    ['devices', 'Devices'],
    ['keys', 'Encryption keys'],
    ['operator', 'From the operator'],
    ['appearance', 'Appearance and language'],
  ] as const) {
    await page.goto(`${relay.url}/#/settings/${section}`);
    await look(`settings, ${section}`, heading(title));
  }
  await button('Keyboard shortcuts').click();
  await look('shortcuts', dialog('Keyboard shortcuts'));
  await page.keyboard.press('Escape');
  await page.goto(`${relay.url}/#/settings/security`);
  for (const task of [
    'Change password',
    'Change app or phone',
    'Make new codes',
    'Make a new recovery key',
  ]) {
    await button(task).click();
    await look(task, page.getByRole('dialog').getByLabel('Code'));
    await page.keyboard.press('Escape');
  }
  await page.goto(`${relay.url}/#/settings/profile`);
  await button('Delete account…').click();
  await look('delete account', dialog('Delete account?'));
  await page.keyboard.press('Escape');
  await page.goto(`${relay.url}/#/settings`);
  await look('settings', button('Log out'));
  await button('Log out').click();
  await look('log out', dialog('Log out?'));
  await page.keyboard.press('Escape');
  await page.goto(`${relay.url}/#/`);

  await createRoom(page, ROOM);
  await look('room without messages', composer(page));
  await button('Invite people').click();
  await look('making an invite', page.getByRole('img', { name: 'QR code for joining' }));
  await page.keyboard.press('Escape');
  const link = await invite(page);

  const jonas = await company.open();
  await register(jonas.page, relay.url, JONAS);
  await joinByLink(jonas.page, link, ROOM);
  for (const text of ['Have you begun?', 'See https://www.rfc-editor.org/rfc/rfc9420 first', '👍']) {
    await send(jonas.page, text);
    await send(page, text);
  }
  await send(page, 'مرحبا بالعالم');
  await expect(texts(page)).toHaveCount(7);
  await composer(page).fill('x'.repeat(65_537));
  await look('room with messages and a text that is too long', page.getByText('1 character too long'));
  await composer(page).fill('');
  await page.setViewportSize({ width: 1440, height: 900 });
  await button('Room details').click();
  await look('room details', page.getByRole('complementary', { name: 'Room details' }));
  await button('Close details').click();

  await context.setOffline(true);
  await send(page, 'written in a tunnel');
  await look('offline', page.getByText('You are offline.').last());
  await context.setOffline(false);
  await expect(page.getByTestId('connection')).toHaveAttribute('data-state', 'connected');

  await page.goto(`${relay.url}/#/`);
  await send(jonas.page, 'news for somebody who is not looking');
  await look('list with something unread', page.getByText('1 unread message'));
  await page.getByLabel('Find a conversation').fill('zzz');
  await look('list without a match', page.getByText('No conversation is called “zzz”.'));
  await button('Clear search').click();
  await page.goto(`${relay.url}/#/room/AAAAAAAAAAAAAAAAAAAAAA`);
  await look('room that is not ours', heading('This room is not among yours'));

  await createRoom(jonas.page, 'Second shelf');
  await page.goto(await invite(jonas.page));
  await look('invite', button('Join room'));
  await page.goto(link);
  await look('invite of an own room', button('Open room'));
  await page.goto(`${relay.url}/#/join/AAAA`);
  await look('invite that cannot be used', heading('This invite cannot be used'));
  const second = await context.newPage();
  await leadAsAnotherVersion(second, relay.url);
  await look('another version in another tab', heading('Another version of Waxwing is open in another tab'));
  await second.close();

  await logOut(page);
  await look('landing', heading('Talk in private'));
  await button('Settings').click();
  await look('settings of nobody', dialog('Settings'));
  await page.keyboard.press('Escape');
  await page.goto(`${relay.url}/#/recover`);
  await look('recovery by key', heading('Get back in'));
  await page.goto(link);
  await look('landing of somebody who was invited', page.getByText('You were invited to a room.'));
  await page.goto(`${relay.url}/#/login`);
  await submitPassword(page, MIRA.username, 'not the password');
  await look('wrong password', page.getByText('The username or the password is wrong.'));
  await submitPassword(page, MIRA.username, MIRA.password);
  await codeField(page).fill(wrongCode(totpSecret));
  await look('wrong code', page.getByText('This code is not right.'));
  await button('Use a recovery code instead').click();
  await look('recovery code', heading('Use a recovery code'));
});

test('from nothing to a sent message with a keyboard alone', async () => {
  const { page } = await company.open();
  await page.goto(await relay.setupLink());
  const button = (name: string) => page.getByRole('button', { name, exact: true }).first();
  const type = async (label: string, text: string) => {
    await tabTo(page, page.getByLabel(label, { exact: true }));
    await page.keyboard.type(text);
  };

  await type('Username', MIRA.username);
  await type('Password', MIRA.password);
  await type('Display name', MIRA.displayName);
  await page.keyboard.press('Enter');
  const totpSecret = await readTotpSecret(page);
  await expect(codeField(page)).toBeFocused();
  await page.keyboard.type(await nextCode(totpSecret));

  await expect(page.getByRole('heading', { name: 'Keep your recovery codes' })).toBeFocused();
  await tabTo(page, button('I have kept them'));
  await page.keyboard.press('Enter');
  const recoveryKey = ((await page.getByTestId('recovery-key').textContent()) ?? '').trim();
  await expect(page.getByRole('heading', { name: 'Keep your recovery key' })).toBeFocused();
  await tabTo(page, button('I have kept it'));
  await page.keyboard.press('Space');
  await expect(page.getByLabel('Recovery key')).toBeFocused();
  await page.keyboard.type(recoveryKey);
  await page.keyboard.press('Enter');

  await expect(button('New room')).toBeVisible();
  await tabTo(page, button('New room'));
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'New room' });
  await expect(dialog.getByLabel('Room name')).toBeFocused();
  await test.step('a dialog keeps the focus, and gives it back', async () => {
    for (let i = 0; i < 8; i++) {
      await page.keyboard.press('Tab');
      expect(
        await page.evaluate(() => document.activeElement?.closest('[data-testid], main, nav')),
      ).toBeNull();
    }
    await page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
    await expect(button('New room')).toBeFocused();
    await page.keyboard.press('Enter');
  });
  await page.keyboard.type(ROOM);
  await page.keyboard.press('Enter');

  await expect(composer(page)).toBeFocused();
  await page.keyboard.type('first line');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('second line');
  await page.keyboard.press('Enter');
  await expect(texts(page)).toHaveText([/^\s*first line\s+second line\s*$/]);
  await expect(page.locator('[data-kind=text][data-state=sent]')).toHaveCount(1);

  await test.step('and back to the list', async () => {
    await tabTo(page, page.getByTestId('room-entry'));
    await page.keyboard.press('Enter');
    await tabTo(page, button('Room details'));
    await page.keyboard.press('Enter');
    await expect(page.getByRole('complementary', { name: 'Room details' })).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('complementary', { name: 'Room details' })).toBeHidden();
    await page.keyboard.press('Escape');
    await expect(composer(page)).toBeHidden();
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
  });
});

/** Presses Tab until the focus is there; each stop on the way shows that it has the focus. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  const isThere = () => target.evaluate((element) => element === document.activeElement);
  for (let stops = 0; !(await isThere()); stops++) {
    expect(stops, 'the keyboard gets there').toBeLessThan(40);
    await page.keyboard.press('Tab');
    const hidden = await page.evaluate(() => {
      const element = document.activeElement;
      // Between the last and the first element the focus is at the window itself.
      if (!element || element === document.body) return null;
      for (
        let shown: Element | null = element;
        shown && shown !== document.body;
        shown = shown.parentElement
      ) {
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(shown);
        if ((outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow !== 'none') return null;
      }
      return element.outerHTML.slice(0, 200);
    });
    expect(hidden, 'the focus can be seen').toBeNull();
  }
}
