import { type Browser, expect, type Page, test } from '@playwright/test';
import { changeSettings, openDesk } from '../support/admin.ts';
import {
  codeField,
  logIn,
  logOut,
  type Person,
  readRecoveryKey,
  readTotpSecret,
  register,
  submitDetails,
  submitPassword,
  wrongCode,
} from '../support/people.ts';
import { Relay } from '../support/relay.ts';
import { leadAsAnotherVersion } from '../support/stranger.ts';
import { nextCode } from '../support/totp.ts';
import { Camera, INSECURE_HOST } from './camera.ts';
import { CAST, visitor } from './cast.ts';

// Everything that is seen on the way in, out, and back in.

let relay: Relay;
let camera: Camera;

test.beforeAll(async () => {
  relay = await Relay.start();
});

test.afterAll(async () => {
  await relay.dispose();
});

test('the way in', async ({ browser }) => {
  camera = new Camera('1-arriving');
  const page = await visitor(browser);
  const mira = await setUp(page);
  await firstSteps(page);
  await back(page, mira);
  await displaced(browser, page, mira);
  await policies(browser, page);
});

async function setUp(page: Page): Promise<Person> {
  const heading = (name: string) => page.getByRole('heading', { name, exact: true });
  await page.goto(relay.url);
  await camera.take(page, 'landing-of-a-new-relay', page.getByText('This relay is new.'));
  await page.goto(`${relay.url}/#/setup`);
  await camera.take(page, 'setup-link-incomplete', page.getByText('The setup link is incomplete.'));
  await page.goto(relay.url.replace('127.0.0.1', INSECURE_HOST));
  await camera.take(page, 'without-https', page.getByText('This page was opened without HTTPS'));

  await page.goto(await relay.setupLink());
  await camera.take(page, 'setup', heading('Set up this relay'));
  await submitDetails(page, { ...CAST.mira, username: '1', password: 'short' });
  await camera.take(page, 'setup-errors', page.getByText('A username has 3 to 32 characters'));
  await submitDetails(page, CAST.mira);
  const totpSecret = await readTotpSecret(page);
  await camera.take(
    page,
    'authenticator',
    page.getByRole('img', { name: 'QR code for your authenticator app' }),
  );
  await codeField(page).fill(wrongCode(totpSecret));
  await camera.take(page, 'authenticator-wrong-code', page.getByText('This code is not right.'));
  await codeField(page).fill(await nextCode(totpSecret));

  const codes = page.getByTestId('recovery-codes');
  await camera.take(page, 'recovery-codes', codes);
  const recoveryCodes = await codes.getByRole('listitem').allTextContents();
  await page.getByRole('button', { name: 'I have kept them' }).click();
  await camera.take(page, 'recovery-key', page.getByTestId('recovery-key'));
  const recoveryKey = await readRecoveryKey(page);
  await page.getByRole('button', { name: 'I have kept it' }).click();
  await page.getByLabel('Recovery key').fill(`${recoveryKey.slice(0, 12)}…`);
  await page.getByRole('button', { name: 'Finish' }).click();
  await camera.take(page, 'confirm-key', page.getByText('This is not the key that was shown.'));
  await page.getByLabel('Recovery key').fill(recoveryKey);
  await page.getByRole('button', { name: 'Finish' }).click();
  return { ...CAST.mira, totpSecret, recoveryKey, recoveryCodes };
}

async function firstSteps(page: Page): Promise<void> {
  const button = (name: string) => page.getByRole('button', { name, exact: true }).first();
  await camera.take(page, 'nothing-here-yet', button('New room'));
  await button('New room').click();
  await page.getByLabel('Room name').fill('Harbour kitchen');
  await camera.take(page, 'new-room', page.getByRole('dialog', { name: 'New room' }));
  await page.keyboard.press('Escape');
  await button('Join by link').click();
  await page.getByLabel('Invite link').fill('https://example.org/not-an-invite');
  await button('Continue').click();
  await camera.take(page, 'join-by-link', page.getByText('This is not an invite link'));
  await page.keyboard.press('Escape');
}

async function back(page: Page, mira: Person): Promise<void> {
  const button = (name: string) => page.getByRole('button', { name, exact: true }).first();
  const heading = (name: string) => page.getByRole('heading', { name, exact: true });
  await logOut(page);
  await camera.take(page, 'landing', heading('Talk in private'));
  await page.getByRole('button', { name: 'Settings' }).click();
  await camera.take(page, 'settings-of-nobody', page.getByRole('dialog', { name: 'Settings' }));
  await page.keyboard.press('Escape');
  await page.goto(`${relay.url}/#/login`);
  await camera.take(page, 'log-in', heading('Log in'));
  await submitPassword(page, mira.username, 'not the password');
  await camera.take(page, 'log-in-wrong', page.getByText('The username or the password is wrong.'));
  await submitPassword(page, mira.username, mira.password);
  await camera.take(page, 'code', codeField(page));
  await codeField(page).fill(wrongCode(mira.totpSecret));
  await camera.take(page, 'code-wrong', page.getByText('This code is not right.'));
  await button('Use a recovery code instead').click();
  await camera.take(page, 'recovery-code', heading('Use a recovery code'));

  await page.goto(`${relay.url}/#/recover`);
  await camera.take(page, 'recover', heading('Get back in'));
  await page.getByLabel('Username').fill(mira.username);
  await page.getByLabel('Recovery key').fill('0'.repeat(56));
  await page.getByLabel('New password').fill('amber-anchor-quiet-meadow');
  await button('Go on').click();
  await camera.take(page, 'recover-wrong', page.getByRole('alert').or(page.getByText('mistyped')));
  await page.goto(`${relay.url}/#/`);
}

/** One session at a time: the page that was there first steps back. */
async function displaced(browser: Browser, page: Page, mira: Person): Promise<void> {
  await logIn(page, relay, mira);
  await expect(page.getByRole('button', { name: 'New room' }).first()).toBeVisible();
  const second = await page.context().newPage();
  await leadAsAnotherVersion(second, relay.url);
  await camera.take(
    page,
    'another-version-in-another-tab',
    page.getByRole('heading', { name: 'Another version of Waxwing is open in another tab' }),
  );
  await second.close();

  await expect(page.getByTestId('connection')).toHaveAttribute('data-state', 'connected');
  const elsewhere = await visitor(browser);
  await logIn(elsewhere, relay, mira);
  const shown = page.getByRole('heading', { name: 'Waxwing is open elsewhere' });
  await camera.take(page, 'displaced', shown);
  await elsewhere.context().close();
  await page.getByRole('button', { name: /Continue here/ }).click();
  await expect(shown).toBeHidden();
}

/** What a relay shows that does not let everybody in. */
async function policies(browser: Browser, desk: Page): Promise<void> {
  await changeSettings(desk, relay, async () => {
    await desk.getByLabel('Name of this relay').fill('Harbour relay');
    await desk.getByRole('radio', { name: 'Everybody, after your approval' }).check();
  });
  const page = await visitor(browser);
  await page.goto(`${relay.url}/#/register`);
  await camera.take(page, 'register-with-approval', page.getByText('looks at every new account'));
  await register(page, relay.url, CAST.jonas);
  await camera.take(page, 'waiting-for-approval', page.getByRole('heading', { name: 'Almost there' }));
  await openDesk(desk, relay, 'approvals', 'Approvals');
  await desk.getByTestId('approval').getByRole('button', { name: 'Refuse: jonas' }).click();
  await desk.getByRole('dialog').getByRole('button', { name: 'Refuse', exact: true }).click();
  await expect(desk.getByTestId('approval')).toHaveCount(0);
  await camera.take(page, 'refused', page.getByText('declined this account'));

  await changeSettings(desk, relay, () => desk.getByRole('radio', { name: 'Who has an invite' }).check());
  await page.goto(`${relay.url}/#/register`);
  await page.reload();
  await camera.take(page, 'register-by-invite', page.getByLabel('Invite code'));
  await openDesk(desk, relay, 'invites', 'Invites');
  await desk.getByLabel('Note (optional)').fill('for Jonas');
  await desk.getByRole('button', { name: 'Create invite' }).click();
  await page.goto(await desk.getByRole('textbox', { name: 'Invite link' }).inputValue());
  await camera.take(page, 'register-invited', page.getByText('Your invite admits you to this relay.'));
  await page.evaluate(() => sessionStorage.clear());

  await changeSettings(desk, relay, () => desk.getByRole('radio', { name: 'Nobody' }).check());
  await page.goto(relay.url);
  await page.reload();
  await camera.take(
    page,
    'landing-closed',
    page.getByText('This relay takes no new accounts at the moment.'),
  );
  await page.goto(`${relay.url}/#/login`);
  await relay.stop();
  await submitPassword(page, CAST.mira.username, CAST.mira.password);
  await camera.take(page, 'relay-away', page.getByText('The relay cannot be reached.'));
}
