import { expect, type Page, test } from '@playwright/test';
import { Company, createRoom, invite, joinByLink, send, texts, twoPeople } from '../support/people.ts';
import { Relay } from '../support/relay.ts';

// Words without end, characters that are not there, and characters that turn others around: nothing sticks out, and
// nothing is pushed out of the window.

const WIDE = 'W'.repeat(60);
const RLO = '\u202E';
const MIRA = `${RLO}${WIDE}`;
const JONAS = `J\u2067\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301onas${'\u0489'.repeat(20)}`;
/** Names keep no characters that turn others around. */
const NAME = 'M'.repeat(70);
const ROOM = `${RLO}${NAME}`;
const TOPIC = `\u2066${'topic'.repeat(50)}\u0007\u0000`;

const MESSAGES = [
  'w'.repeat(10_000),
  `${RLO}${'r'.repeat(300)}`,
  `\u0000\u0001\u0002\u0007\u0008\u000B\u000C\u001B\u007F\u009B between`,
  `z${'\u0300\u0301\u0302\u0303\u0304'.repeat(200)}algo`,
  `${'\u2066'.repeat(300)}isolates${'\u2069'.repeat(2)}`,
  '\u200B'.repeat(500) + 'x',
  `https://example.org/${'a'.repeat(2_000)}`,
  '```\n' + 'code'.repeat(600) + '\n```',
  `> ${'quoted'.repeat(200)}`,
  `- ${'listed'.repeat(200)}`,
  '﷽'.repeat(40),
  '\u{1F468}\u200D\u{1F469}\u200D\u{1F467}\u200D\u{1F466}'.repeat(60),
  `@${WIDE}`,
];

const SIZES = [
  { width: 390, height: 844 },
  { width: 1440, height: 900 },
];

test('nothing that is said, and no name, breaks the page', async () => {
  test.setTimeout(180_000);
  const relay = await Relay.start();
  const company = new Company();
  try {
    const browser = { viewport: { width: 1440, height: 900 } };
    const two = await twoPeople(company, relay, { browser, names: [MIRA, JONAS] });
    const [mira, jonas] = [two.mira.page, two.jonas.page];
    await createRoom(mira, ROOM);
    await joinByLink(jonas, await invite(mira), NAME);
    await mira.getByRole('button', { name: 'Room details' }).click();
    const details = mira.getByRole('complementary', { name: 'Room details' });
    await details.getByRole('button', { name: 'Edit', exact: true }).click();
    await mira.getByRole('dialog').getByLabel('Topic').fill(TOPIC);
    await mira.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await expect(mira.getByRole('dialog')).toBeHidden();
    for (const message of MESSAGES) {
      await send(mira, message);
      for (const page of [mira, jonas]) await expect(page.getByTestId('item').last()).toHaveAttribute('data-state', 'sent');
      // What is far above is not there: each is looked at while it is the newest.
      for (const page of [mira, jonas]) await expectInside(page, message.slice(0, 20));
    }
    for (const size of SIZES) {
      for (const page of [mira, jonas]) {
        await page.setViewportSize(size);
        await expect(texts(page).last()).toBeInViewport();
        await expectInside(page, `${size.width}`);
      }
    }
    await mira.setViewportSize({ width: 390, height: 844 });
    if (await details.isHidden()) await mira.getByRole('button', { name: 'Room details' }).click();
    await expect(details).toBeVisible();
    await expectInside(mira, 'details');
    await mira.goto(`${relay.url}/#/`);
    await expect(mira.getByTestId('room-entry')).toBeVisible();
    await expectInside(mira, 'list');
    expect([...two.mira.errors, ...two.jonas.errors]).toEqual([]);
  } finally {
    await company.dispose();
    await relay.dispose();
  }
});

/** Everything is inside of what it belongs to; the page itself does not scroll. */
async function expectInside(page: Page, what: string): Promise<void> {
  const out = await page.evaluate(() => {
    const out: string[] = [];
    const root = document.documentElement;
    if (root.scrollWidth > window.innerWidth || root.scrollHeight > window.innerHeight) {
      out.push(`the page is ${root.scrollWidth} by ${root.scrollHeight}`);
    }
    for (const node of document.querySelectorAll('[role=log], aside, nav, main, [data-testid=room-entry], header')) {
      if (node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).overflowX !== 'visible') {
        out.push(`${node.localName}.${node.className} is ${node.scrollWidth - node.clientWidth} px too wide`);
      }
    }
    // What can be pressed or written in has to be in the window.
    for (const node of document.querySelectorAll<HTMLElement>('header button, form button, textarea, h1')) {
      const box = node.getBoundingClientRect();
      if (box.width > 0 && (box.left < -1 || box.right > window.innerWidth + 1)) {
        out.push(`${node.localName} ${node.ariaLabel ?? ''} is at ${box.left} to ${box.right}`);
      }
    }
    for (const node of document.querySelectorAll('[role=log] [data-testid=item-text]')) {
      const bubble = node.closest('article')?.getBoundingClientRect();
      const box = node.getBoundingClientRect();
      if (bubble && (box.right > bubble.right + 1 || box.left < bubble.left - 1)) out.push(`a text at ${box.left} to ${box.right} is wider than its message`);
    }
    return out;
  });
  expect.soft(out, what).toEqual([]);
}
