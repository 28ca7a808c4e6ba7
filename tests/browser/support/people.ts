import { expect, type Page } from '@playwright/test';
import { Profile } from './profiles.ts';
import type { Relay } from './relay.ts';
import { nextCode } from './totp.ts';

/** Somebody with an account, and what they keep in their head, their authenticator and their drawer. */
export interface Person {
  username: string;
  password: string;
  displayName: string;
  totpSecret: string;
  recoveryKey: string;
}

/** Creates an account on the page that a profile shows; `start` is where it begins: the setup link or the front page. */
export async function register(
  page: Page,
  start: string,
  who: Pick<Person, 'username' | 'password' | 'displayName'>,
): Promise<Person> {
  await page.goto(start);
  if (!start.includes('#/setup/')) await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByLabel('Username').fill(who.username);
  await page.getByLabel('Display name').fill(who.displayName);
  await page.getByLabel('Password', { exact: true }).fill(who.password);
  await page.getByRole('button', { name: 'Continue' }).click();
  const totpSecret = ((await page.getByTestId('totp-secret').textContent()) ?? '').replaceAll(' ', '');
  await page.getByLabel('Six-digit code').fill(await nextCode(totpSecret));
  const recoveryKey = ((await page.getByTestId('recovery-key').textContent()) ?? '').trim();
  await page.getByRole('button', { name: 'I have kept it' }).click();
  await page.getByLabel('Recovery key').fill(recoveryKey);
  await page.getByRole('button', { name: 'Finish' }).click();
  return { ...who, totpSecret, recoveryKey };
}

/** Logs in on a page that shows no session. */
export async function logIn(page: Page, relay: Relay, person: Person): Promise<void> {
  await page.goto(relay.url);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByLabel('Username').fill(person.username);
  await page.getByLabel('Password', { exact: true }).fill(person.password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByLabel('Six-digit code').fill(await nextCode(person.totpSecret));
  await expect(page.getByLabel('Six-digit code')).toBeHidden();
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
