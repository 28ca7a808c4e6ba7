import { expect, type Page } from '@playwright/test';
import { Profile } from './profiles.ts';
import type { Relay } from './relay.ts';
import { codeAtStep, nextCode, stepAt } from './totp.ts';

/** Somebody with an account, and what they keep in their head, their authenticator and their drawer. */
export interface Person {
  username: string;
  password: string;
  displayName: string;
  totpSecret: string;
  recoveryKey: string;
  recoveryCodes: string[];
}

/** Creates an account on the page that a profile shows; `start` is where it begins: the setup link or the front page. */
export async function register(
  page: Page,
  start: string,
  who: Pick<Person, 'username' | 'password' | 'displayName'>,
): Promise<Person> {
  await page.goto(start);
  // A link for the first account or of an invite leads to the form itself.
  if (!/#\/(setup|invite)\//.test(start)) await page.getByRole('button', { name: 'Create account' }).click();
  await submitDetails(page, who);
  const totpSecret = await readTotpSecret(page);
  await codeField(page).fill(await nextCode(totpSecret));
  const recoveryCodes = await keepRecoveryCodes(page);
  const recoveryKey = await keepRecoveryKey(page);
  return { ...who, totpSecret, recoveryKey, recoveryCodes };
}

/** First step of creating an account. */
export async function submitDetails(
  page: Page,
  who: Pick<Person, 'username' | 'password' | 'displayName'>,
): Promise<void> {
  await page.getByLabel('Username').fill(who.username);
  await page.getByLabel('Display name').fill(who.displayName);
  await page.getByLabel('Password', { exact: true }).fill(who.password);
  await page.getByRole('button', { name: 'Continue' }).click();
}

/** Second step: the secret that the page shows for the authenticator. */
export async function readTotpSecret(page: Page): Promise<string> {
  return ((await page.getByTestId('totp-secret').textContent()) ?? '').replaceAll(' ', '');
}

/** Third step: the ten codes that replace the authenticator once each. */
export async function keepRecoveryCodes(page: Page): Promise<string[]> {
  const shown = page.getByTestId('recovery-codes').getByRole('listitem');
  await expect(shown).toHaveCount(10);
  const recoveryCodes = await shown.allTextContents();
  await page.getByRole('button', { name: 'I have kept them' }).click();
  return recoveryCodes;
}

/** The recovery key that the page shows. */
export async function readRecoveryKey(page: Page): Promise<string> {
  return ((await page.getByTestId('recovery-key').textContent()) ?? '').trim();
}

/** Fourth step: reads the recovery key and types it in again. */
export async function keepRecoveryKey(page: Page): Promise<string> {
  const recoveryKey = await readRecoveryKey(page);
  await page.getByRole('button', { name: 'I have kept it' }).click();
  await page.getByLabel('Recovery key').fill(recoveryKey);
  await page.getByRole('button', { name: 'Finish' }).click();
  return recoveryKey;
}

/** Where a one-time code goes; the sixth digit submits it. */
export function codeField(page: Page) {
  return page.getByLabel('Six-digit code');
}

/** Six digits that no clock near ours makes of a secret. */
export function wrongCode(secret: string): string {
  const now = stepAt(Date.now());
  const right = new Set([-2, -1, 0, 1, 2, 3].map((step) => codeAtStep(secret, now + step)));
  for (let candidate = 0; ; candidate++) {
    const code = String(candidate).padStart(6, '0');
    if (!right.has(code)) return code;
  }
}

/** First step of a login, on the form for it. */
export async function submitPassword(page: Page, username: string, password: string): Promise<void> {
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

/** Logs in on a page that shows no session; returns the code that was used up. */
export async function logIn(page: Page, relay: Pick<Relay, 'url'>, person: Person): Promise<string> {
  await page.goto(relay.url);
  await page.getByRole('button', { name: 'Log in' }).click();
  await submitPassword(page, person.username, person.password);
  await expect(codeField(page)).toBeVisible();
  const code = await nextCode(person.totpSecret);
  await codeField(page).fill(code);
  await expect(codeField(page)).toBeHidden();
  return code;
}

/** Ends the session from the settings. */
export async function logOut(page: Page): Promise<void> {
  await page.goto(new URL('/#/settings', page.url()).href);
  await page.getByRole('button', { name: 'Log out', exact: true }).first().click();
  await page.getByRole('dialog', { name: 'Log out?' }).getByRole('button', { name: 'Log out' }).click();
  await expect(page.getByRole('heading', { name: 'Talk in private' })).toBeVisible();
}

/** Opens a section of the settings on a page that shows a session. */
export async function openSettings(page: Page, section: string, heading: string): Promise<void> {
  await page.goto(new URL(`/#/settings/${section}`, page.url()).href);
  await expect(page.getByRole('heading', { name: heading, level: 1 })).toBeVisible();
}

export async function createRoom(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'New room' }).first().click();
  await page.getByLabel('Room name').fill(name);
  await page.getByRole('button', { name: 'Create room' }).click();
  await expect(composer(page)).toBeVisible();
}

/** The invite link of the room that the page shows. */
export async function invite(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Invite people' }).first().click();
  const field = page.getByLabel('Invite link');
  await expect(field).toHaveValue(/#\/join\//);
  const link = await field.inputValue();
  await page.keyboard.press('Escape');
  return link;
}

export async function joinByLink(page: Page, link: string, room: string): Promise<void> {
  await page.goto(link);
  await expect(page.getByTestId('invite-room')).toHaveText(room);
  await page.getByRole('button', { name: 'Join room' }).click();
  await expect(composer(page)).toBeVisible();
}

export function composer(page: Page) {
  return page.getByRole('textbox', { name: /^Message / });
}

export async function send(page: Page, text: string): Promise<void> {
  await composer(page).fill(text);
  await composer(page).press('Enter');
}

/** The messages that a timeline shows, oldest first. */
export function texts(page: Page) {
  return page.getByTestId('item-text');
}

export async function openRoom(page: Page, name: string): Promise<void> {
  await page.getByTestId('room-entry').filter({ hasText: name }).click();
  await expect(composer(page)).toBeVisible();
}

/** Reports a message of the room that the page shows. */
export async function reportMessage(page: Page, text: string, note: string): Promise<void> {
  const item = page.locator('.message', { hasText: text });
  await item.hover();
  await item.locator('[data-message-menu]').click();
  await page.getByRole('menuitem', { name: 'Report…' }).click();
  await page.getByLabel('What is wrong with it?').fill(note);
  await page.getByRole('dialog').getByRole('button', { name: 'Report', exact: true }).click();
  await expect(page.getByText('The message is reported')).toBeVisible();
}

/** What the people of most tests are called. */
const MIRA = { username: 'mira', password: 'violet-otter-paper-lantern', displayName: 'Mira' };
const JONAS = { username: 'jonas', password: 'copper-river-quiet-window', displayName: 'Jonas' };

interface Two {
  /** What kind of browser each of them has. */
  browser?: Parameters<typeof Profile.open>[0];
  /** Where the relay is reached, if not directly. */
  at?: string;
  /** Their display names. */
  names?: readonly [mira: string, jonas: string];
}

/** Mira, who has set the relay up, and Jonas, each at a page that shows their account. */
export async function twoPeople(company: Company, relay: Relay, { browser, at, names }: Two = {}) {
  const mira = await company.open(browser);
  const jonas = await company.open(browser);
  const url = at ?? relay.url;
  const setup = new URL(await relay.setupLink());
  const as = (who: typeof MIRA, name: string | undefined) => ({ ...who, displayName: name ?? who.displayName });
  const miraHerself = await register(mira.page, `${url}/${setup.hash}`, as(MIRA, names?.[0]));
  const jonasHimself = await register(jonas.page, url, as(JONAS, names?.[1]));
  return { mira, jonas, miraHerself, jonasHimself };
}

/** Profiles that are closed when a test ends, whatever happened. */
export class Company {
  readonly profiles: Profile[] = [];

  async open(...options: Parameters<typeof Profile.open>): Promise<Profile> {
    const profile = await Profile.open(...options);
    this.profiles.push(profile);
    return profile;
  }

  async dispose(): Promise<void> {
    for (const profile of this.profiles) await profile.dispose();
  }
}
