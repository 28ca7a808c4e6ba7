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
  openRoom,
  type Person,
  readTotpSecret,
  register,
  send,
  submitDetails,
  submitPassword,
  texts,
  wrongCode,
} from '../support/people.ts';
import type { Profile } from '../support/profiles.ts';
import { Relay } from '../support/relay.ts';
import { nextCode } from '../support/totp.ts';

// What goes wrong at the door: each time one clear sentence, nothing changed, nothing lost.

const ROOM = 'Lighthouse keepers';
const SAID = 'the lamp was oiled at nine';
const REFUSED = 'The invite link was revoked or replaced, or it is incomplete. Ask whoever sent it for a new one.';
const JONAS = { username: 'jonas', password: 'copper-river-quiet-window', displayName: 'Jonas Weberknecht' };

let relay: Relay;
let company: Company;
let owner: Profile;
let mira: Person;
let setup: string;
let link: string;
/** A browser in which nobody is logged in at the beginning. */
let visitor: Profile;
let jonas: Person;

test.describe.configure({ mode: 'serial', timeout: 120_000 });

test.beforeAll(async () => {
  // The same people are here in several browsers.
  relay = await Relay.start({ arguments: ['--sessions', 'multi'] });
  company = new Company();
  owner = await company.open();
  visitor = await company.open();
  setup = await relay.setupLink();
  mira = await register(owner.page, setup, {
    username: 'mira',
    password: 'violet-otter-paper-lantern',
    displayName: 'Mira Steinbach',
  });
  await createRoom(owner.page, ROOM);
  await send(owner.page, SAID);
  link = await invite(owner.page);
});

test.afterAll(async () => {
  await company.dispose();
  await relay.dispose();
});

const alert = (page: Page) => page.getByRole('alert');

/** What stands below a field because its value was refused. */
async function expectFieldError(page: Page, label: string, sentence: string): Promise<void> {
  const field = page.getByLabel(label, { exact: true });
  await expect(field).toHaveAttribute('aria-invalid', 'true');
  await expect(field).toHaveAccessibleDescription(sentence);
}

test('a setup link counts once', async () => {
  const { page } = visitor;
  await page.goto(setup);
  await submitDetails(page, { ...JONAS, username: 'intruder' });
  await expect(alert(page)).toHaveText('This setup link was used before or is mistyped.');
  await expect(page.getByLabel('Username')).toHaveValue('intruder');
  // It is no account either.
  await page.goto(`${relay.url}/#/login`);
  await submitPassword(page, 'intruder', JONAS.password);
  await expect(alert(page)).toHaveText('The username or the password is wrong.');
});

test('a new account: weak password, bad and taken name, wrong code, forgotten attempt', async () => {
  const { page } = visitor;
  await page.goto(`${relay.url}/#/register`);

  await submitDetails(page, { ...JONAS, password: 'too short' });
  await expectFieldError(page, 'Password', 'The password needs at least 10 characters.');
  await submitDetails(page, { ...JONAS, username: '9 lives' });
  await expectFieldError(
    page,
    'Username',
    'A username has 3 to 32 characters: letters a to z, digits, and . - _ in between. It begins with a letter.',
  );
  for (const taken of ['mira', 'MIRA']) {
    await submitDetails(page, { ...JONAS, username: taken });
    await expectFieldError(page, 'Username', 'Somebody has this username already.');
  }

  await submitDetails(page, JONAS);
  const forgotten = await readTotpSecret(page);
  await codeField(page).fill(wrongCode(forgotten));
  await expectFieldError(
    page,
    'Six-digit code',
    'This code is not right. Codes change every 30 seconds: use the one shown now.',
  );

  await test.step('the relay forgets the attempt', async () => {
    await relay.stop();
    await relay.restart();
    await codeField(page).fill(await nextCode(forgotten));
    await expect(alert(page)).toHaveText(/attempt is over.*Begin again/);
    await expect(page.getByLabel('Username')).toHaveValue(JONAS.username);
  });

  await submitDetails(page, JONAS);
  const totpSecret = await readTotpSecret(page);
  expect(totpSecret).not.toBe(forgotten);
  await codeField(page).fill(wrongCode(totpSecret));
  await expectFieldError(
    page,
    'Six-digit code',
    'This code is not right. Codes change every 30 seconds: use the one shown now.',
  );
  await codeField(page).fill(await nextCode(totpSecret));

  const recoveryCodes = await keepRecoveryCodes(page);
  await test.step('a recovery key that was copied wrongly', async () => {
    await page.getByRole('button', { name: 'I have kept it' }).click();
    await page.getByLabel('Recovery key').fill('0000-0000-0000');
    await page.getByRole('button', { name: 'Finish' }).click();
    await expectFieldError(page, 'Recovery key', 'This is not the key that was shown. Compare it once more.');
    await page.getByRole('button', { name: 'Show the key again' }).click();
  });
  jonas = { ...JONAS, totpSecret, recoveryCodes, recoveryKey: await keepRecoveryKey(page) };
  await expect(page.getByRole('heading', { name: 'Nothing here yet' }).first()).toBeVisible();
});

test('invite links that are damaged, incomplete or of no room', async () => {
  const { page } = visitor;
  // One byte of version, 16 of the room, 32 of the seed, and who made it.
  const unreadable = 'This is not an invite link, or a part of it is missing.';
  const cases: [what: string, link: string, sentence: string][] = [
    ['a damaged secret', altered(link, 20), REFUSED],
    ['a room that does not exist', altered(link, 3), REFUSED],
    ['a version of the future', altered(link, 0), unreadable],
    ['half a link', link.slice(0, link.indexOf('#/join/') + 40), unreadable],
    ['a link without its last characters', link.slice(0, -4), unreadable],
    [
      'no secret at all',
      `${relay.url}/#/join/`,
      'The link is incomplete. Ask for a new one, or copy it again.',
    ],
  ];
  for (const [what, address, sentence] of cases) {
    await test.step(what, async () => {
      await page.goto(address);
      await expect(page.getByRole('heading', { name: 'This invite cannot be used' })).toBeVisible();
      await expect.soft(alert(page)).toHaveText(sentence, { timeout: 3_000 });
      await expect(page.getByRole('button', { name: 'Join room' })).toBeHidden();
      await page.getByRole('button', { name: 'Back to conversations' }).click();
      await expect(page.getByRole('heading', { name: 'Nothing here yet' }).first()).toBeVisible();
    });
  }

  await test.step('something else, pasted by hand', async () => {
    await page.getByRole('button', { name: 'Join by link' }).first().click();
    await page.getByLabel('Invite link').fill('see you at the <harbour>');
    await page.getByRole('button', { name: 'Continue' }).click();
    await expectFieldError(page, 'Invite link', unreadable);
    await page.getByRole('button', { name: 'Cancel' }).click();
  });

  await expect(page.getByTestId('room-entry')).toHaveCount(0);
  await expect(owner.page.getByText('1 member', { exact: true }).first()).toBeVisible();
  await joinByLink(page, link, ROOM);
  await expect(texts(page)).toHaveText([SAID]);
});

test('logging out asks, leaves nothing, and a login finds everything again', async () => {
  const { page } = visitor;
  await openRoom(page, ROOM);
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Log out' }).click();
  await expect(page.getByRole('dialog', { name: 'Log out?' })).toContainText(
    'Messages that were not sent yet are lost.',
  );
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Back to conversations' }).click();
  await openRoom(page, ROOM);
  await expect(texts(page)).toHaveText([SAID]);
  expect((await storage(page)).entries).toBeGreaterThan(0);

  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByRole('dialog', { name: 'Log out?' }).getByRole('button', { name: 'Log out' }).click();
  await expect(page.getByRole('heading', { name: 'Talk in private' })).toBeVisible();

  await expectNothingOf(page, [ROOM, SAID, jonas.displayName, jonas.username]);
  expect(await storage(page)).toEqual({
    entries: 0,
    // What is left is no secret: whose turn it is, and a new key that cannot be read and that nothing is sealed with.
    device: ['fence', 'wrapping-key'],
    local: [],
    session: [],
    caches: [],
  });
  // What is left knows the browser, so that strangers who guess at this account keep nobody out here; it opens nothing.
  expect((await visitor.context.cookies()).map(({ name }) => name)).toEqual(['waxwing-known']);

  for (const direction of ['goBack', 'goBack', 'reload'] as const) {
    await page[direction]().catch(() => null);
    await expectNothingOf(page, [ROOM, SAID, jonas.displayName]);
    await expect(composer(page)).toBeHidden();
  }
  await logIn(page, relay, jonas);
  await openRoom(page, ROOM);
  await expect(texts(page)).toHaveText([SAID]);
});

test('a login: wrong password, unknown name, no relay, wrong and reused code', async () => {
  const { page } = await company.open();
  await page.goto(`${relay.url}/#/login`);
  for (const [username, password] of [
    ['mira', 'violet-otter-paper-lamp'],
    ['nobody-of-this-name', mira.password],
    ['n', mira.password],
  ] as const) {
    await submitPassword(page, username, password);
    await expect(alert(page), username).toHaveText('The username or the password is wrong.');
    await expect(page.getByLabel('Username')).toHaveValue(username);
  }

  await relay.kill9();
  await submitPassword(page, mira.username, mira.password);
  await expect(alert(page)).toHaveText('The relay cannot be reached. Check the connection and try again.');
  await relay.restart();

  await submitPassword(page, 'Mira', mira.password);
  await codeField(page).fill(wrongCode(mira.totpSecret));
  const wrong = 'This code is not right. Codes change every 30 seconds: use the one shown now.';
  await expectFieldError(page, 'Six-digit code', wrong);

  // The same person, in one more browser, is faster.
  const other = await company.open();
  const used = await logIn(other.page, relay, mira);
  await codeField(page).fill(used);
  await expectFieldError(page, 'Six-digit code', 'This code was used before. Wait for the next one.');
  await codeField(page).fill(await nextCode(mira.totpSecret));
  await openRoom(page, ROOM);
  await expect(texts(page)).toHaveText([SAID]);
  await openRoom(other.page, ROOM);
  await other.close();
});

test('what is written in a second tab arrives as from the first', async () => {
  const { page, context } = visitor;
  await page.goto(relay.url);
  await openRoom(page, ROOM);
  const second = await context.newPage();
  await second.goto(relay.url);
  await openRoom(second, ROOM);
  await send(second, 'from the second tab');
  await expect(texts(owner.page)).toHaveText([SAID, 'from the second tab']);
  await send(page, 'and from the first again');
  for (const tab of [page, second, owner.page]) {
    await expect(texts(tab)).toHaveText([SAID, 'from the second tab', 'and from the first again']);
  }
  await second.close();
});

test('an invite link is the first thing that is opened', async () => {
  const member = (page: Page) => expect.soft(page.getByText('You are a member already.')).toBeVisible();
  await test.step('by somebody who is logged in', async () => {
    const { page } = visitor;
    await page.goto('about:blank');
    await page.goto(link);
    await member(page);
    await page.goto('about:blank');
    await page.goto(altered(link, 20));
    await expect.soft(alert(page)).toHaveText(REFUSED);
  });
  await test.step('by somebody who logs in then', async () => {
    const { page } = await company.open();
    await page.goto(link);
    await expect(page.getByText('You were invited to a room.')).toBeVisible();
    await page.getByRole('button', { name: 'Log in' }).click();
    await submitPassword(page, jonas.username, jonas.password);
    await expect(codeField(page)).toBeVisible();
    await codeField(page).fill(await nextCode(jonas.totpSecret));
    await member(page);
  });
});

/** An invite link in which one byte is another. */
function altered(invite: string, at: number): string {
  const [before, secret] = invite.split('#/join/');
  const bytes = Buffer.from(secret ?? '', 'base64url');
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
  return `${before}#/join/${bytes.toString('base64url')}`;
}

async function expectNothingOf(page: Page, secrets: string[]): Promise<void> {
  const shown = await page.content();
  for (const secret of secrets) expect(shown).not.toContain(secret);
  for (const secret of secrets) expect(page.url() + (await page.title())).not.toContain(secret);
}

/** Everything that the page's origin keeps. */
async function storage(page: Page) {
  return page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    let entries = 0;
    const device: string[] = [];
    for (const { name } of await indexedDB.databases()) {
      const db = await done(indexedDB.open(name ?? ''));
      for (const store of db.objectStoreNames) {
        const keys = await done(db.transaction(store).objectStore(store).getAllKeys());
        if (store === 'device') device.push(...keys.map(String));
        else entries += keys.length;
      }
      db.close();
    }
    return {
      entries,
      device: device.sort(),
      local: Object.keys(localStorage),
      session: Object.keys(sessionStorage),
      caches: await caches.keys(),
    };
  });
}
