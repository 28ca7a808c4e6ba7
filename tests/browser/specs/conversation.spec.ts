import { expect, type Page, test } from '@playwright/test';
import { expectAccessible } from '../support/axe.ts';
import { answer, choose, message } from '../support/messages.ts';
import { Company, composer, createRoom, invite, joinByLink, openRoom, send, texts, twoPeople } from '../support/people.ts';
import type { Profile } from '../support/profiles.ts';
import { Relay } from '../support/relay.ts';

// What people do with messages, seen by both sides, and still there after a reload.

const ROOM = 'Harbour kitchen';

let relay: Relay;
let company: Company;
let mira: Page;
let jonas: Page;
let profiles: Profile[];

test.describe.configure({ mode: 'serial', timeout: 120_000 });

test.beforeAll(async () => {
  test.setTimeout(120_000);
  relay = await Relay.start();
  company = new Company();
  const browser = { viewport: { width: 1200, height: 1400 } };
  const two = await twoPeople(company, relay, { browser, names: ['Mira Stone', 'Jonas'] });
  profiles = [two.mira, two.jonas];
  [mira, jonas] = profiles.map(({ page }) => page) as [Page, Page];
  await createRoom(mira, 'Notes');
  await mira.goto(`${relay.url}/#/`);
  await createRoom(mira, ROOM);
  await joinByLink(jonas, await invite(mira), ROOM);
});

test.afterAll(async () => {
  expect(profiles.flatMap(({ errors }) => errors)).toEqual([]);
  await company.dispose();
  await relay.dispose();
});

test('markdown becomes elements, and nothing else', async () => {
  await send(
    mira,
    '**bold** *slanted* ~~gone~~ `co*de*` [the recipe](https://example.org/fish) https://example.org/a_b_c',
  );
  await composer(mira).fill('- one\n- two\n  1. inner\n> quoted **well**\n```js\nlet a = "<b>";\n```');
  await composer(mira).press('Enter');
  const first = texts(jonas).first();
  await expect(first.locator('strong')).toHaveText('bold');
  await expect(first.locator('em')).toHaveText('slanted');
  await expect(first.locator('s')).toHaveText('gone');
  await expect(first.locator('code')).toHaveText('co*de*');
  const links = first.getByRole('link');
  await expect(links.first()).toHaveText('the recipe');
  await expect(first).toContainText('the recipe (example.org)');
  await expect(links.last()).toHaveAttribute('href', 'https://example.org/a_b_c');
  for (const link of await links.all()) {
    await expect(link).toHaveAttribute('target', '_blank');
    await expect(link).toHaveAttribute('rel', /noopener noreferrer/);
  }
  const second = texts(jonas).nth(1);
  await expect(second.locator('ul > li')).toHaveCount(2);
  await expect(second.locator('ul ol > li')).toHaveText('inner');
  await expect(second.locator('blockquote strong')).toHaveText('well');
  await expect(second.locator('pre')).toHaveText('let a = "<b>";');
});

test('answers lead to what they answer, also far above', async () => {
  await send(mira, 'Who brings the lemons?');
  await answer(jonas, 'Who brings the lemons?', 'I have a crate of them');
  const reply = message(mira, 'I have a crate of them');
  await expect(reply).toContainText('Who brings the lemons?');
  await choose(jonas, 'Who brings the lemons?', 'Reply');
  for (let n = 0; n < 14; n++) await send(mira, `number ${n}\n`.repeat(9));
  await composer(jonas).fill('Two crates, in fact');
  await composer(jonas).press('Enter');
  const quote = message(mira, 'Two crates, in fact').getByTitle('Go to this message');
  await quote.click();
  await expect(message(mira, 'Who brings the lemons?').first()).toBeInViewport();
  await mira.getByRole('button', { name: 'Jump to latest' }).click();
  await expect(message(mira, 'Two crates, in fact')).toBeInViewport();
});

test('reactions are counted, joined and taken back', async () => {
  await choose(mira, 'Two crates, in fact', 'React with 👍');
  const chip = (page: Page) => message(page, 'Two crates, in fact').getByRole('button', { name: /^👍 \d/ });
  await expect(chip(jonas)).toHaveText(/👍\s*1/);
  await chip(jonas).click();
  await expect(chip(mira)).toHaveText(/👍\s*2/);
  await expect(chip(mira)).toHaveAttribute('aria-label', '👍 2: You, Jonas');
  await chip(mira).click();
  await expect(chip(jonas)).toHaveText(/👍\s*1/);

  await choose(jonas, 'Two crates, in fact', 'React with another emoji');
  const picker = jonas.getByRole('dialog', { name: 'Emoji' });
  await picker.getByLabel('Find an emoji').fill('lemon');
  await picker.getByRole('button', { name: 'lemon', exact: true }).click();
  await expect(message(mira, 'Two crates, in fact')).toContainText('🍋');
});

test('an edit shows, with what was said before', async () => {
  await send(mira, 'Supper is at siks');
  await choose(mira, 'Supper is at siks', 'Edit');
  await expect(composer(mira)).toHaveValue('Supper is at siks');
  await composer(mira).fill('Supper is at six');
  await composer(mira).press('Enter');
  await expect(composer(mira)).toHaveValue('');
  const edited = message(jonas, 'Supper is at six');
  await edited.getByRole('button', { name: 'edited' }).click();
  const history = jonas.getByRole('dialog', { name: 'Earlier versions' });
  await expect(history.getByRole('listitem')).toHaveCount(2);
  await expect(history.getByRole('listitem').last()).toContainText('Supper is at siks');
  await jonas.keyboard.press('Escape');
  // The arrow up changes what one has said last; Escape leaves it.
  await composer(mira).press('ArrowUp');
  await expect(composer(mira)).toHaveValue('Supper is at six');
  await composer(mira).press('Escape');
  await expect(composer(mira)).toHaveValue('');
});

test('a name is completed, and who is meant sees it', async () => {
  await composer(jonas).pressSequentially('can @mi');
  await expect(jonas.getByRole('option', { name: 'Mira Stone' })).toBeVisible();
  await composer(jonas).press('Enter');
  await expect(composer(jonas)).toHaveValue('can @Mira Stone ');
  await composer(jonas).pressSequentially('bring salt?');
  await composer(jonas).press('Enter');
  const asked = message(mira, 'bring salt?');
  await expect(asked).toHaveClass(/calls/);
  await expect(asked.locator('.mention')).toHaveText('@Mira Stone');
});

test('what is deleted is gone for everyone', async () => {
  await send(jonas, 'the key is under the mat');
  await answer(mira, 'the key is under the mat', 'do not say that here');
  await choose(jonas, 'the key is under the mat', 'Delete…');
  await jonas.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(mira.locator('[data-kind=deleted]')).toContainText('Jonas deleted a message');
  await expect(mira.getByText('under the mat')).toHaveCount(0);
  await expect(jonas.getByText('under the mat')).toHaveCount(0);
});

test('a message goes on to another room, without its author', async () => {
  await choose(mira, 'Two crates, in fact', 'Forward…');
  await mira.getByRole('dialog', { name: 'Forward' }).getByRole('button', { name: 'Notes' }).click();
  await expect(mira.getByText('Forwarded to Notes')).toBeVisible();
  await openRoom(mira, 'Notes');
  await expect(texts(mira)).toHaveText('Two crates, in fact');
  await expect(message(mira, 'Two crates')).toContainText('Forwarded');
  await openRoom(mira, ROOM);
});

test('pinned messages stand above the conversation and lead to their place', async () => {
  await choose(mira, 'Supper is at six', 'Pin');
  const bar = jonas.getByTestId('pins');
  await expect(bar).toContainText('Supper is at six');
  await bar.getByRole('button').first().click();
  await expect(message(jonas, 'Supper is at six')).toBeInViewport();
  await bar.getByRole('button', { name: '1 pinned' }).click();
  await expect(jonas.getByRole('dialog', { name: 'Pinned messages' })).toContainText('Supper is at six');
  await jonas.keyboard.press('Escape');
});

test('a poll takes votes until it is closed', async () => {
  await mira.getByRole('button', { name: 'Ask a poll' }).click();
  const dialog = mira.getByRole('dialog', { name: 'New poll' });
  await dialog.getByLabel('Question').fill('Fish or soup?');
  await dialog.getByLabel('Answer 1').fill('Fish');
  await dialog.getByLabel('Answer 2').fill('Soup');
  await dialog.getByRole('button', { name: 'Ask' }).click();
  const poll = (page: Page) => page.getByTestId('poll');
  await poll(jonas).getByRole('button', { name: 'Fish' }).click();
  await poll(mira).getByRole('button', { name: 'Soup' }).click();
  for (const page of [mira, jonas]) await expect(poll(page)).toContainText('2 people have voted');
  await poll(jonas).getByRole('button', { name: 'Soup' }).click();
  await expect(poll(mira).getByRole('button', { name: /Soup/ })).toHaveText(/Soup\s*2/);
  await expect(poll(jonas).getByRole('button', { name: 'Close poll' })).toHaveCount(0);
  await poll(mira).getByRole('button', { name: 'Close poll' }).click();
  await expect(poll(jonas)).toContainText('closed');
  await expect(poll(jonas).getByRole('button', { name: 'Fish' })).toBeDisabled();
  await poll(jonas).getByRole('button', { name: 'Who chose what' }).click();
  await expect(poll(jonas).getByRole('listitem').filter({ hasText: 'Soup' })).toContainText('Mira Stone, You');
});

test('a link gets the preview that its author writes', async () => {
  await composer(mira).fill('Look: https://example.org/tide');
  await mira.getByRole('button', { name: 'Say what example.org is about' }).click();
  const dialog = mira.getByRole('dialog', { name: 'Preview of a link' });
  await dialog.getByLabel('Title').fill('Tide tables');
  await dialog.getByRole('button', { name: 'Add' }).click();
  await composer(mira).press('Enter');
  const card = message(jonas, 'Look:').getByRole('link', { name: /Tide tables/ });
  await expect(card).toHaveAttribute('href', 'https://example.org/tide');
});

test('the screens are for everybody', async () => {
  const shown = (page: Page) => () => expect(composer(page)).toBeVisible();
  await expectAccessible(mira, 'a conversation with everything in it', shown(mira));
  await choose(jonas, 'Supper is at six', 'Reply');
  await composer(jonas).pressSequentially('@mi');
  await expectAccessible(jonas, 'an answer that mentions', shown(jonas));
  await composer(jonas).fill('');
  await jonas.getByRole('button', { name: 'Do not answer' }).click();
  await jonas.getByRole('button', { name: 'Choose an emoji' }).click();
  const picker = jonas.getByRole('dialog', { name: 'Emoji' });
  await expect(picker.getByRole('button', { name: 'grinning face', exact: true })).toBeVisible();
  await expectAccessible(jonas, 'emoji', () => expect(picker).toBeVisible());
  await jonas.keyboard.press('Escape');
  await expect(composer(jonas)).toBeFocused();
});

test('all of it is there again after a reload', async () => {
  for (const page of [mira, jonas]) {
    await page.reload();
    await expect(page.getByTestId('pins')).toContainText('Supper is at six');
    await expect(page.getByTestId('poll')).toContainText('closed');
    await expect(message(page, 'Supper is at six').getByRole('button', { name: 'edited' })).toBeVisible();
    await expect(message(page, 'bring salt?').locator('.mention')).toBeVisible();
    await expect(page.locator('[data-kind=deleted]')).toHaveCount(1);
    await expect(page.getByText('under the mat')).toHaveCount(0);
  }
});
