import { type Browser, expect, type Locator, type Page, test } from '@playwright/test';
import { actOn, announce, changeSettings, openDesk, openUser } from '../support/admin.ts';
import {
  composer,
  createRoom,
  invite,
  joinByLink,
  logIn,
  openRoom,
  openSettings,
  type Person,
  register,
  reportMessage,
  send,
  texts,
} from '../support/people.ts';
import { Relay } from '../support/relay.ts';
import { nextCode } from '../support/totp.ts';
import { Camera, SIZES } from './camera.ts';
import { CAST, DEVICES, OTHERS, registerAndLeave, TALK, visitor } from './cast.ts';

// Conversations, settings, and the administrator's desk, on a relay with people on it.

const ROOM = 'Harbour kitchen';
const NEWS = 'The relay moves to a new machine on Saturday at 10:00. It will be away for about half an hour.';

let relay: Relay;
let mira: Person;
/** Pages of everybody who is there. */
let pages: Record<keyof typeof CAST, Page>;

test.beforeAll(async () => {
  relay = await Relay.start({ environment: { WAXWING_NAME: 'Harbour relay' } });
});

test.afterAll(async () => {
  await relay.dispose();
});

test('conversations, settings and the desk', async ({ browser }) => {
  await arrive(browser);
  await talk();
  await conversations(browser);
  await settings();
  await seedDesk(browser);
  await desk();
});

const button = (page: Page, name: string): Locator => page.getByRole('button', { name, exact: true }).first();

/** Everybody makes an account, two at a time. */
async function arrive(browser: Browser): Promise<void> {
  const setup = await relay.setupLink();
  const phone = await visitor(browser, { userAgent: DEVICES.iphone });
  mira = await register(phone, setup, CAST.mira);
  await expect(button(phone, 'New room')).toBeVisible();
  const [jonas, amira] = await Promise.all(
    ([CAST.jonas, CAST.amira] as const).map(async (who) => {
      const page = await visitor(browser);
      await register(page, relay.url, who);
      return page;
    }),
  );
  const zoe = await visitor(browser);
  await register(zoe, relay.url, CAST.zoe);
  const page = await visitor(browser);
  await logIn(page, relay, mira);
  await phone.context().close();
  if (jonas === undefined || amira === undefined) throw new Error('somebody did not come');
  pages = { mira: page, jonas, amira, zoe };
}

/** Shows the list, without anything open beside it. */
async function home(page: Page): Promise<void> {
  await page.goto(`${relay.url}/#/`);
  await expect(page.getByTestId('connection')).toHaveAttribute('data-state', 'connected');
}

/** Makes a room and lets the others into it. */
async function meet(name: string, host: keyof typeof CAST, guests: (keyof typeof CAST)[]): Promise<void> {
  await home(pages[host]);
  await createRoom(pages[host], name);
  if (guests.length === 0) return;
  const link = await invite(pages[host]);
  // One after the other: the first picture shows them in this order.
  for (const guest of guests) await joinByLink(pages[guest], link, name);
}

async function talk(): Promise<void> {
  await meet('Notes to self', 'mira', []);
  await send(pages.mira, 'Ask Henrik about the second mooring.');
  await meet('Reading group: “The Left Hand of Darkness” and everything after it', 'zoe', ['mira']);
  await send(pages.zoe, 'Chapter 7 by Thursday?');
  await meet('فريق الميناء', 'amira', ['mira']);
  await send(pages.amira, 'أهلاً بكم في الغرفة الجديدة');
  await meet(ROOM, 'mira', ['jonas', 'amira', 'zoe']);
  for (const [who, text] of TALK) {
    await send(pages[who], text);
    await expect(texts(pages.mira).last()).toContainText(text.split('\n')[0] ?? text);
    await expect(texts(pages[who]).last()).toContainText(text.split('\n')[0] ?? text);
  }
}

async function conversations(browser: Browser): Promise<void> {
  const camera = new Camera('2-conversations');
  const page = pages.mira;
  await home(pages.zoe);
  await openRoom(pages.zoe, 'Reading group');
  await home(page);
  await send(pages.zoe, 'Or Friday, if the boat is late again.');
  await camera.take(page, 'list', page.getByText('1 unread message'));
  await page.getByLabel('Find a conversation').fill('lighthouse');
  await camera.take(page, 'list-without-match', page.getByText('No conversation is called'));
  await button(page, 'Clear search').click();
  await openRoom(page, ROOM);
  await camera.take(page, 'room', texts(page).last());
  await camera.take(pages.amira, 'room-of-somebody-else', texts(pages.amira).last());

  const item = page.locator('.message', { hasText: 'Donaudampf' });
  await item.hover();
  await item.locator('[data-message-menu]').click();
  await camera.take(page, 'message-menu', page.getByRole('menuitem', { name: 'Report…' }), ['desktop']);
  await page.getByRole('menuitem', { name: 'Report…' }).click();
  await page.getByLabel('What is wrong with it?').fill('This word is too long for any pier.');
  await camera.take(page, 'report', page.getByRole('dialog', { name: 'Report this message?' }));
  await page.keyboard.press('Escape');
  await button(page, 'Room details').click();
  await camera.take(page, 'room-details', page.getByRole('complementary', { name: 'Room details' }));
  await button(page, 'Close details').click();
  await button(page, 'Invite people').click();
  await camera.take(page, 'invite', page.getByRole('img', { name: 'QR code for joining' }));
  await page.keyboard.press('Escape');

  await meet('Night watch', 'jonas', []);
  const link = await invite(pages.jonas);
  await page.goto(link);
  await camera.take(page, 'join', button(page, 'Join room'));
  const stranger = await visitor(browser);
  await stranger.goto(link);
  await camera.take(stranger, 'join-of-a-stranger', stranger.getByText('You were invited to a room.'));
  await stranger.context().close();
  await page.goto(`${relay.url}/#/join/AAAA`);
  await camera.take(page, 'join-failed', page.getByRole('heading', { name: 'This invite cannot be used' }));
  await page.goto(`${relay.url}/#/room/AAAAAAAAAAAAAAAAAAAAAA`);
  await camera.take(
    page,
    'room-not-ours',
    page.getByRole('heading', { name: 'This room is not among yours' }),
  );

  await home(page);
  await openRoom(page, ROOM);
  await page.context().setOffline(true);
  await send(page, 'Written in the tunnel; it goes out by itself.');
  await camera.take(page, 'offline', page.getByText('You are offline.').last());
  await page.context().setOffline(false);
  await expect(page.getByTestId('connection')).toHaveAttribute('data-state', 'connected');
  await composer(page).fill('x'.repeat(65_540));
  await camera.take(page, 'too-long', page.getByText('characters too long'));
  await composer(page).fill('');
}

async function settings(): Promise<void> {
  const camera = new Camera('3-settings');
  const page = pages.mira;
  await page.goto(`${relay.url}/#/settings`);
  await camera.take(page, 'menu', button(page, 'Log out'));
  for (const [section, heading] of [
    ['profile', 'Profile'],
    ['security', 'Password and recovery'],
    ['devices', 'Devices'],
    ['keys', 'Encryption keys'],
    ['operator', 'From the operator'],
    ['appearance', 'Appearance and language'],
  ] as const) {
    await openSettings(page, section, heading);
    const shown =
      section === 'devices' ? page.getByText('This device') : page.getByRole('heading', { name: heading });
    await camera.take(page, section, shown);
  }
  await button(page, 'Keyboard shortcuts').click();
  await camera.take(page, 'shortcuts', page.getByRole('dialog', { name: 'Keyboard shortcuts' }));
  await page.keyboard.press('Escape');

  const dialog = page.getByRole('dialog');
  await openSettings(page, 'security', 'Password and recovery');
  await button(page, 'Change password').click();
  await dialog.getByLabel('Current password').fill('not the password');
  await dialog.getByLabel('New password').fill('amber-anchor');
  await dialog.getByLabel('Code').fill('000000');
  await dialog.getByRole('button', { name: 'Change password' }).click();
  await camera.take(page, 'change-password', page.getByText('This is not your password.'));
  await page.keyboard.press('Escape');
  for (const [task, submit, picture, shown] of [
    ['Make new codes', 'Make codes', 'new-codes', page.getByTestId('recovery-codes')],
    ['Change app or phone', 'Continue', 'new-authenticator', page.getByTestId('totp-secret')],
  ] as const) {
    await button(page, task).click();
    await dialog.getByLabel('Password', { exact: true }).fill(mira.password);
    await dialog.getByLabel('Code', { exact: true }).fill(await nextCode(mira.totpSecret));
    await dialog.getByRole('button', { name: submit }).click();
    await camera.take(page, picture, shown);
    if (picture === 'new-codes') await dialog.getByRole('button', { name: 'I have kept them' }).click();
    else await page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
  }
  await openSettings(page, 'keys', 'Encryption keys');
  await button(page, 'Replace all keys…').click();
  await camera.take(page, 'replace-keys', page.getByRole('dialog', { name: 'Replace all keys' }));
  await page.keyboard.press('Escape');
  await openSettings(page, 'profile', 'Profile');
  await button(page, 'Delete account…').click();
  await camera.take(page, 'delete-account', page.getByRole('dialog', { name: 'Delete account?' }));
  await page.keyboard.press('Escape');
  await button(page, 'Log out').click();
  await camera.take(page, 'log-out', page.getByRole('dialog', { name: 'Log out?' }));
  await page.keyboard.press('Escape');
}

/** What an administrator has to do with after a while. */
async function seedDesk(browser: Browser): Promise<void> {
  const page = pages.mira;
  const [banned, ...others] = OTHERS;
  const waiting = others.splice(-2);
  for (const name of [banned ?? '', ...others]) await registerAndLeave(browser, relay, name);
  await changeSettings(page, relay, () =>
    page.getByRole('radio', { name: 'Everybody, after your approval' }).check(),
  );
  for (const name of waiting) await registerAndLeave(browser, relay, name);
  await actOn(page, await openUser(page, relay, banned ?? ''), 'Ban', 'advertisements in four rooms');
  await actOn(page, await openUser(page, relay, 'jonas'), 'Make administrator');
  await announce(page, relay, 'New here? The kitchen rota is in the room “Harbour kitchen”.', 'Information');
  await announce(page, relay, NEWS, 'Warning');
  await openDesk(page, relay, 'invites', 'Invites');
  for (const note of ['for the crew of the Albatros', 'for Henrik']) {
    await page.getByLabel('Note (optional)').fill(note);
    await button(page, 'Create invite').click();
    await expect(page.getByRole('textbox', { name: 'Invite link' })).toHaveValue(/#\/invite\//);
    await button(page, 'I have copied it').click();
  }
  await home(pages.zoe);
  await openRoom(pages.zoe, ROOM);
  await reportMessage(pages.zoe, 'Donaudampf', 'This word is too long for any pier.');
}

/** Something for the overview to count. */
async function chat(): Promise<void> {
  await home(pages.jonas);
  await openRoom(pages.jonas, ROOM);
  for (const text of ['Fire is lit.', 'Bread is here.', 'Where are the lemons?', 'Found them.', 'Come!']) {
    await send(pages.jonas, text);
    await expect(texts(pages.jonas).last()).toContainText(text);
    await pages.jonas.waitForTimeout(600);
  }
}

/** Dismisses all announcements. */
async function putAway(page: Page): Promise<void> {
  const bar = page.getByTestId('announcement');
  for (; await bar.isVisible(); ) await bar.getByRole('button', { name: 'Dismiss announcement' }).click();
}

async function desk(): Promise<void> {
  const camera = new Camera('4-administration');
  const page = pages.mira;
  await camera.take(pages.zoe, 'announcement', pages.zoe.getByText(NEWS));
  await putAway(pages.zoe);
  await openSettings(pages.zoe, 'operator', 'From the operator');
  await camera.take(pages.zoe, 'announcements-again', pages.zoe.getByText(NEWS));
  await putAway(page);
  for (const [part, heading, shown] of [
    ['overview', 'Overview', page.getByText('Messages today')],
    ['approvals', 'Approvals', page.getByTestId('approval')],
    ['users', 'Users', page.getByRole('link', { name: 'jonas', exact: true })],
    ['rooms', 'Rooms', page.getByRole('button', { name: /^Remove/ })],
    ['reports', 'Reports', page.getByText('Proven: written by')],
    ['announcements', 'Announcements', page.getByTestId('announcement-record')],
    ['invites', 'Invites', page.getByText('for Henrik')],
    ['settings', 'Settings', page.getByLabel('Name of this relay')],
    // By its number: what entries say also stands in the list of kinds.
    ['audit', 'Audit log', page.getByText(/^#\d+$/)],
  ] as const) {
    await openDesk(page, relay, part, heading);
    if (part === 'overview') await chat();
    await camera.take(page, part, shown);
  }
  await button(page, 'Verify').click();
  await camera.take(page, 'audit-verified', page.getByTestId('audit-verdict'));

  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`${relay.url}/#/admin`);
  await camera.take(page, 'menu', page.getByRole('link', { name: 'Users' }));
  const pane = await openUser(page, relay, 'amira');
  await camera.take(page, 'user', pane.getByRole('heading', { name: 'What you can do' }));
  // Details that move beside the list are made anew, without the question that was open.
  for (const size of ['desktop', 'phone'] as const) {
    await page.setViewportSize(SIZES[size]);
    await pane.getByRole('button', { name: 'Ban', exact: true }).click();
    await camera.take(page, 'ban', page.getByRole('dialog', { name: 'Ban @amira?' }), [size]);
    await page.keyboard.press('Escape');
  }
  await openDesk(page, relay, 'invites', 'Invites');
  await button(page, 'Create invite').click();
  await camera.take(page, 'invite-made', page.getByRole('textbox', { name: 'Invite link' }));
  await pages.jonas.context().close();
  await pages.amira.goto(`${relay.url}/#/admin/users`);
  await camera.take(pages.amira, 'not-for-you', pages.amira.getByText('This is for administrators'));
}
