import { expect, type Page, test } from '@playwright/test';
import {
  codeField,
  Company,
  composer,
  createRoom,
  invite,
  joinByLink,
  keepRecoveryCodes,
  keepRecoveryKey,
  logIn,
  logOut,
  openRoom,
  openSettings,
  type Person,
  readRecoveryKey,
  readTotpSecret,
  register,
  send,
  submitDetails,
  submitPassword,
  texts,
} from '../support/people.ts';
import { Relay } from '../support/relay.ts';
import { nextCode } from '../support/totp.ts';

// Accounts and sessions: getting in, getting back in, being in one place at a time, and leaving for good.

const MIRA = { username: 'mira', password: 'violet-otter-paper-lantern', displayName: 'Mira Steinbach' };
const JONAS = { username: 'jonas', password: 'copper-river-quiet-window', displayName: 'Jonas Weberknecht' };
const ROOM = 'Reading group';
const NEW_PASSWORD = 'a sparrow sings at seven';

let relay: Relay;
let company: Company;

test.beforeEach(() => {
  test.setTimeout(240_000);
  company = new Company();
});

test.afterEach(async () => {
  await company.dispose();
  await relay.dispose();
});

/** The first account of a new relay, logged in. */
async function miraStarts(...flags: string[]): Promise<{ page: Page; mira: Person }> {
  relay = await Relay.start({ arguments: flags });
  const { page } = await company.open();
  const mira = await register(page, await relay.setupLink(), MIRA);
  await expect(page.getByRole('heading', { name: 'Nothing here yet' }).first()).toBeVisible();
  return { page, mira };
}

const alert = (page: Page) => page.getByRole('alert');
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).first();
const displaced = (page: Page) => page.getByRole('heading', { name: 'Waxwing is open elsewhere' });

/** Shows that it is the person, in the dialog of a change of the account. */
async function prove(page: Page, person: Person, submit: string, newPassword?: string): Promise<void> {
  const dialog = page.getByRole('dialog');
  const old = newPassword === undefined ? 'Password' : 'Current password';
  await dialog.getByLabel(old, { exact: true }).fill(person.password);
  if (newPassword !== undefined) await dialog.getByLabel('New password', { exact: true }).fill(newPassword);
  await dialog.getByLabel('Code', { exact: true }).fill(await nextCode(person.totpSecret));
  await dialog.getByRole('button', { name: submit, exact: true }).click();
}

async function toCode(page: Page, person: Pick<Person, 'username' | 'password'>): Promise<void> {
  await page.goto(`${relay.url}/#/login`);
  await submitPassword(page, person.username, person.password);
}

test('a code is taken once, and a recovery code takes its place once', async () => {
  const { page, mira } = await miraStarts();
  await logOut(page);
  const used = await logIn(page, relay, mira);
  await expect(button(page, 'New room')).toBeVisible();

  await logOut(page);
  await toCode(page, mira);
  await codeField(page).fill(used);
  await expect(page.getByText('This code was used before. Wait for the next one.')).toBeVisible();

  const [spare = ''] = mira.recoveryCodes;
  await test.step('a recovery code logs in', async () => {
    await button(page, 'Use a recovery code instead').click();
    await page.getByLabel('Recovery code').fill(spare.toUpperCase());
    await expect(button(page, 'New room')).toBeVisible();
    await openSettings(page, 'security', 'Password and recovery');
    await expect(page.getByText('9 left', { exact: true })).toBeVisible();
  });

  await test.step('it does so once, and the person is told at the next login', async () => {
    await logOut(page);
    await toCode(page, mira);
    await button(page, 'Use a recovery code instead').click();
    await page.getByLabel('Recovery code').fill(spare);
    await expect(page.getByLabel('Recovery code')).toHaveAttribute('aria-invalid', 'true');
    await button(page, 'Use the authenticator app').click();
    await codeField(page).fill(await nextCode(mira.totpSecret));
    await expect(page.getByTestId('account-news')).toContainText('A recovery code was used to log in');
    await page.getByTestId('account-news').getByRole('button', { name: 'Dismiss' }).click();
    await page.reload();
    await expect(button(page, 'New room')).toBeVisible();
    await expect(page.getByTestId('account-news')).toHaveCount(0);
  });
});

test('the recovery key brings everything back, and the old password nothing', async () => {
  const { page, mira } = await miraStarts();
  await createRoom(page, ROOM);
  await send(page, 'before I forgot');
  await expect(page.locator('[data-kind=text][data-state=sent]')).toHaveCount(1);

  const other = await company.open();
  await other.page.goto(`${relay.url}/#/login`);
  await other.page.getByRole('link', { name: 'Forgot your password?' }).click();
  const form = async (key: string) => {
    await other.page.getByLabel('Username').fill(mira.username);
    await other.page.getByLabel('Recovery key').fill(key);
    await other.page.getByLabel('New password', { exact: true }).fill(NEW_PASSWORD);
    await button(other.page, 'Go on').click();
  };
  await test.step('a key that is mistyped, and one of somebody else', async () => {
    await form(mira.recoveryKey.slice(0, -2));
    await expect(other.page.getByText('Something in this key is mistyped.')).toBeVisible();
    await expect(other.page.getByText('54 of 56 characters')).toBeVisible();
    await other.page.getByLabel('Username').fill('nobody-here');
    await other.page.getByLabel('Recovery key').fill(mira.recoveryKey);
    await button(other.page, 'Go on').click();
    await expect(alert(other.page)).toContainText('This username and recovery key do not belong together.');
  });
  await form(mira.recoveryKey.toLowerCase().replaceAll('-', ' '));
  await expect(other.page.getByRole('heading', { name: 'Your authenticator' })).toBeVisible();
  await button(other.page, 'It is lost: set up another').click();
  const secret = await readTotpSecret(other.page);
  expect(secret).not.toBe(mira.totpSecret);
  await codeField(other.page).fill(await nextCode(secret));
  const codes = await keepRecoveryCodes(other.page);
  expect(codes.filter((code) => mira.recoveryCodes.includes(code))).toEqual([]);
  await openRoom(other.page, ROOM);
  await expect(texts(other.page)).toHaveText(['before I forgot']);
  await send(other.page, 'and after');
  await expect(other.page.locator('[data-kind=text][data-state=sent]')).toHaveCount(2);

  await test.step('all other sessions have ended, and say so', async () => {
    await expect(page.getByRole('heading', { name: 'Talk in private' })).toBeVisible();
    await expect(page.getByText('Another device of yours ended this session')).toBeVisible();
  });

  await test.step('the new password logs in, with the new authenticator', async () => {
    await toCode(page, mira);
    await expect(alert(page)).toHaveText('The username or the password is wrong.');
    await toCode(page, { ...mira, password: NEW_PASSWORD });
    await codeField(page).fill(await nextCode(secret));
    await expect(page.getByTestId('account-news')).toContainText('recovered with its recovery key');
    await openRoom(page, ROOM);
    await expect(texts(page)).toHaveText(['before I forgot', 'and after']);
  });
});

test('an account is open in one place: the newest, or where somebody continues', async () => {
  const { page, mira } = await miraStarts();
  await createRoom(page, ROOM);
  const other = await company.open();
  await logIn(other.page, relay, mira);
  await openRoom(other.page, ROOM);

  await test.step('a login displaces, live', async () => {
    await expect(displaced(page)).toBeVisible();
    // A displaced page does not fight: it stays quiet until somebody asks.
    await page.waitForTimeout(4_000);
    await expect(displaced(page)).toBeVisible();
    await expect(composer(other.page)).toBeVisible();
  });

  await test.step('continuing here displaces the other one', async () => {
    await button(page, 'Continue here').click();
    await expect(composer(page)).toBeVisible();
    await expect(displaced(other.page)).toBeVisible();
    await send(page, 'said where I am now');
    await expect(page.locator('[data-kind=text][data-state=sent]')).toHaveCount(1);
  });

  await test.step('and back again: however soon, it comes about by itself', async () => {
    await button(other.page, 'Continue here').click();
    await expect(displaced(page)).toBeVisible();
    await button(page, 'Continue here').click();
    await expect(composer(page)).toBeVisible();
    await expect(displaced(other.page)).toBeVisible();
  });

  await test.step('a reload takes over, and finds what was said', async () => {
    await other.page.reload();
    await openRoom(other.page, ROOM);
    await expect(texts(other.page)).toHaveText(['said where I am now']);
    await expect(displaced(page)).toBeVisible();
  });
});

test('with several sessions at once nobody is displaced, and one can end another', async () => {
  const { page, mira } = await miraStarts('--sessions', 'multi');
  await createRoom(page, ROOM);
  const other = await company.open();
  await logIn(other.page, relay, mira);
  await openRoom(other.page, ROOM);
  await send(other.page, 'from the second');
  await expect(texts(page)).toHaveText(['from the second']);

  // The one that logged in later: a stolen session must not keep out an owner who logs in anew.
  await openSettings(other.page, 'devices', 'Devices');
  const devices = other.page.getByTestId('device');
  await expect(devices).toHaveCount(2);
  await expect(devices.first()).toContainText('This device');
  await expect(devices.nth(1)).toContainText('Chrome, Linux');
  await devices.nth(1).getByRole('button', { name: 'Log out Chrome, Linux' }).click();
  await expect(devices).toHaveCount(1);
  await expect(other.page.getByRole('button', { name: 'Log out all others' })).toHaveCount(0);
  // At once, and with nothing left on that device.
  await expect(page.getByText('Another device of yours ended this session')).toBeVisible();
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Talk in private' })).toBeVisible();
});

test('a new password: history stays, other sessions end, the old one opens nothing', async () => {
  const { page, mira } = await miraStarts('--sessions', 'multi');
  await createRoom(page, ROOM);
  await send(page, 'said with the old password');
  const other = await company.open();
  await logIn(other.page, relay, mira);
  await openRoom(other.page, ROOM);

  await openSettings(page, 'security', 'Password and recovery');
  await button(page, 'Change password').click();
  await test.step('a wrong password is told at its field', async () => {
    await prove(page, { ...mira, password: 'not my password' }, 'Change password', NEW_PASSWORD);
    await expect(page.getByText('This is not your password.')).toBeVisible();
  });
  await prove(page, mira, 'Change password', NEW_PASSWORD);
  await expect(page.getByRole('heading', { name: 'Keep your new recovery key' })).toBeVisible();
  const recoveryKey = await readRecoveryKey(page);
  expect(recoveryKey).not.toBe(mira.recoveryKey);
  await test.step('what is shown once does not go away by the way', async () => {
    await page.keyboard.press('Escape');
    await expect(page.getByTestId('recovery-key')).toBeVisible();
  });
  await button(page, 'I have kept it').click();
  await expect(page.getByText('Your password is changed')).toBeVisible();
  await expect(other.page.getByText('Another device of yours ended this session')).toBeVisible();

  await toCode(other.page, mira);
  await expect(alert(other.page)).toHaveText('The username or the password is wrong.');
  await logIn(other.page, relay, { ...mira, password: NEW_PASSWORD });
  await openRoom(other.page, ROOM);
  await expect(texts(other.page)).toHaveText(['said with the old password']);
});

test('another authenticator, other recovery codes, another recovery key', async () => {
  const { page, mira } = await miraStarts();
  await openSettings(page, 'security', 'Password and recovery');

  await button(page, 'Change app or phone').click();
  await prove(page, mira, 'Continue');
  const totpSecret = await readTotpSecret(page);
  await codeField(page).fill(await nextCode(totpSecret));
  const recoveryCodes = await keepRecoveryCodes(page);
  await expect(page.getByText('The new authenticator counts')).toBeVisible();
  expect(recoveryCodes).not.toEqual(mira.recoveryCodes);

  await button(page, 'Make new codes').click();
  await prove(page, { ...mira, totpSecret }, 'Make codes');
  const later = await keepRecoveryCodes(page);
  expect(later).not.toEqual(recoveryCodes);

  await button(page, 'Make a new recovery key').click();
  await prove(page, { ...mira, totpSecret }, 'Make key');
  await expect(page.getByRole('heading', { name: 'Keep your new recovery key' })).toBeVisible();
  const recoveryKey = await readRecoveryKey(page);
  expect(recoveryKey).not.toBe(mira.recoveryKey);
  await button(page, 'I have kept it').click();

  await test.step('the old ones count no more', async () => {
    await logOut(page);
    await toCode(page, mira);
    await codeField(page).fill(await nextCode(mira.totpSecret));
    await expect(page.getByText('This code is not right.')).toBeVisible();
    await codeField(page).fill(await nextCode(totpSecret));
    await expect(button(page, 'New room')).toBeVisible();
  });
});

test('where an authenticator is optional, it can be left out, added and removed', async () => {
  relay = await Relay.start({ arguments: ['--totp', 'optional'] });
  const { page } = await company.open();
  await page.goto(await relay.setupLink());
  await submitDetails(page, MIRA);
  await button(page, 'Go on without an authenticator').click();
  await keepRecoveryKey(page);
  await expect(button(page, 'New room')).toBeVisible();

  await logOut(page);
  await toCode(page, MIRA);
  await expect(button(page, 'New room')).toBeVisible();

  await openSettings(page, 'security', 'Password and recovery');
  await button(page, 'Add authenticator').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Password', { exact: true }).fill(MIRA.password);
  await expect(dialog.getByLabel('Code', { exact: true })).toHaveCount(0);
  await dialog.getByRole('button', { name: 'Continue' }).click();
  const totpSecret = await readTotpSecret(page);
  await codeField(page).fill(await nextCode(totpSecret));
  await keepRecoveryCodes(page);
  await expect(page.getByText('10 left', { exact: true })).toBeVisible();

  await button(page, 'Remove').click();
  await prove(page, { ...MIRA, totpSecret, recoveryKey: '', recoveryCodes: [] }, 'Remove');
  await expect(page.getByText('Your account has no authenticator now')).toBeVisible();
  await expect(button(page, 'Add authenticator')).toBeVisible();
});

test('a deleted account is gone everywhere, and its rooms are told', async () => {
  const { page } = await miraStarts();
  await createRoom(page, ROOM);
  const link = await invite(page);
  const other = await company.open();
  const jonas = await register(other.page, relay.url, JONAS);
  await joinByLink(other.page, link, ROOM);
  await send(other.page, 'goodbye');
  await expect(texts(page)).toHaveText(['goodbye']);

  await openSettings(other.page, 'profile', 'Profile');
  await button(other.page, 'Delete account…').click();
  await other.page.getByLabel('I know that nobody can undo this.').check();
  await prove(other.page, jonas, 'Delete for good');
  await expect(other.page.getByText('The account is deleted')).toBeVisible();
  await toCode(other.page, jonas);
  await expect(alert(other.page)).toHaveText('The username or the password is wrong.');
  await expect(page.getByText('Jonas Weberknecht left').last()).toBeVisible();
  await expect(texts(page)).toHaveText(['goodbye']);
});

test('a new name is seen by the others', async () => {
  const { page } = await miraStarts();
  await createRoom(page, ROOM);
  const link = await invite(page);
  const other = await company.open();
  await register(other.page, relay.url, JONAS);
  await joinByLink(other.page, link, ROOM);
  await send(page, 'who am I?');
  await expect(other.page.getByText('Mira Steinbach', { exact: true }).first()).toBeVisible();

  await openSettings(page, 'profile', 'Profile');
  await page.getByLabel('Display name').fill('Mira the Second');
  await button(page, 'Save').click();
  await expect(page.getByText('Your name is changed')).toBeVisible();
  await expect(other.page.getByText('Mira the Second', { exact: true }).first()).toBeVisible();
});
