import { expect, type Page, test } from '@playwright/test';
import { APART_MINUTES, FIRST_AT, LONG_ROOM, type LongRoom, withLongRoom } from '../support/long-room.ts';
import { Company, composer } from '../support/people.ts';
import { Relay } from '../support/relay.ts';

// Long conversations: what the view does with a hundred thousand messages, and with places far from the end. The figures
// are those of the page alone: its state, its list and what it draws. A worker that makes messages up stands for the
// engine, so no decryption, no store and no relay is in them, nor the memory of the engine.

const MESSAGES = 100_000;
const MB = 1024 * 1024;

let relay: Relay;
let company: Company;

test.describe.configure({ timeout: 90_000 });

test.beforeAll(async () => {
  relay = await Relay.start();
  company = new Company();
});

test.afterAll(async () => {
  await company.dispose();
  await relay.dispose();
});

async function open(room: LongRoom): Promise<Page> {
  const { page } = await company.open({ viewport: { width: 1200, height: 900 } });
  await withLongRoom(page, room);
  await page.goto(`${relay.url}/#/room/${LONG_ROOM}`);
  await expect(composer(page)).toBeVisible();
  await expect(log(page)).toHaveClass(/placed/);
  await expect(item(page, room.messages)).toBeInViewport();
  return page;
}

function item(page: Page, seq: number) {
  return page.locator(`[data-key="k${seq}"]`);
}

const log = (page: Page) => page.getByRole('log');

interface Figures {
  median: number;
  rows: number;
  text: string;
}

/** Scrolls up for some seconds, as a hand on a wheel that does not rest, and looks at what is shown. */
async function scroll(page: Page, seconds: number): Promise<Figures> {
  const { frames, rows, blank, passed } = await log(page).evaluate(async (node, seconds) => {
    const frames: number[] = [];
    let rows = 0;
    let blank = 0;
    // By number: the height of what was let go or came in front says nothing.
    const first = () => Number(node.querySelector<HTMLElement>('[data-testid=item]')?.dataset['key']?.slice(1));
    const from = first();
    let last = await new Promise<number>(requestAnimationFrame);
    const end = last + seconds * 1000;
    while (last < end) {
      node.dispatchEvent(new WheelEvent('wheel'));
      node.scrollTop -= 60;
      const now = await new Promise<number>(requestAnimationFrame);
      frames.push(now - last);
      last = now;
      const shown = node.querySelectorAll('[data-testid=item]');
      rows = Math.max(rows, shown.length);
      const box = node.getBoundingClientRect();
      const middle = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
      if (shown.length === 0 || !node.contains(middle)) blank += 1;
    }
    return { frames, rows, blank, passed: from - first() };
  }, seconds);
  // 60 pixels each time; a message is some 90 high.
  expect(passed, 'it went up all the time').toBeGreaterThan(frames.length * 0.3);
  expect(blank, 'something is always shown').toBe(0);
  const sorted = frames.toSorted((a, b) => a - b);
  const at = (part: number) => Math.round((sorted[Math.floor((sorted.length - 1) * part)] ?? 0) * 10) / 10;
  const dropped = frames.reduce((sum, frame) => sum + Math.max(0, Math.round(frame / (1000 / 60)) - 1), 0);
  const text =
    `${frames.length} frames in ${seconds} s, ${dropped} dropped, median ${at(0.5)} ms, 95th ${at(0.95)} ms, ` +
    `longest ${at(1)} ms, ${rows} rows at most`;
  return { median: at(0.5), rows, text };
}

test('a hundred thousand messages scroll like a few hundred', async () => {
  const few = await open({ messages: 600 });
  const before = await scroll(few, 3);
  await few.context().close();

  const page = await open({ messages: MESSAGES });
  const after = await scroll(page, 5);

  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  await session.send('Performance.enable');
  const { metrics } = await session.send('Performance.getMetrics');
  const metric = (name: string) => metrics.find((one) => one.name === name)?.value ?? Infinity;
  const memory = `${Math.round(metric('JSHeapUsedSize') / MB)} MB of heap, ${metric('Nodes')} nodes`;
  for (const [messages, figures] of [
    ['600 messages', before.text],
    ['100,000 messages', `${after.text}, ${memory}`],
  ] as const) {
    console.log(`${messages}, the view alone: ${figures}`);
    test.info().annotations.push({ type: messages, description: figures });
  }
  expect(after.rows, 'only what is in view exists').toBeLessThan(60);
  expect(metric('JSHeapUsedSize')).toBeLessThan(250 * MB);
  // A busy machine without a graphics card drops frames whatever one does; what the length costs shows in comparison.
  expect(after.median).toBeLessThan(before.median * 2 + 10);
});

test('only so much is kept of what was scrolled past, and it is there again on the way back', async () => {
  test.setTimeout(240_000);
  const page = await open({ messages: MESSAGES });
  const seqAtTop = () =>
    log(page).evaluate((node) => {
      const upper = node.getBoundingClientRect().y;
      const rows = [...node.querySelectorAll<HTMLElement>('[data-testid=item]')];
      const row = rows.find((one) => one.getBoundingClientRect().bottom > upper + 100);
      return Number(row?.dataset['key']?.slice(1) ?? NaN);
    });
  /** Moves until a place is reached; no message is left out on the way. */
  const move = (by: number, until: number) =>
    log(page).evaluate(
      async (node, { by, until }) => {
        const seen = () => [...node.querySelectorAll<HTMLElement>('[data-testid=item]')].map((row) => Number(row.dataset['key']?.slice(1)));
        let highest = 0;
        const gaps: string[] = [];
        for (let n = 0; n < 4_000; n++) {
          node.dispatchEvent(new WheelEvent('wheel'));
          node.scrollTop += by;
          await new Promise(requestAnimationFrame);
          const shown = seen();
          shown.forEach((seq, i) => {
            const next = shown[i + 1];
            if (next !== undefined && next !== seq + 1) gaps.push(`${seq} before ${next}`);
          });
          highest = Math.max(highest, node.scrollHeight);
          if (by < 0 ? (shown[0] ?? Infinity) <= until : (shown.at(-1) ?? 0) >= until) break;
        }
        return { highest, gaps };
      },
      { by, until },
    );
  const FAR = 2_500;
  const up = await move(-700, MESSAGES - FAR);
  expect(up.gaps).toEqual([]);
  const top = await seqAtTop();
  expect(top, 'it went up').toBeLessThan(MESSAGES - FAR + 100);
  // A message is some 90 pixels high: far fewer are kept than were scrolled past.
  expect(up.highest).toBeLessThan(2_000 * 200);
  expect(await log(page).evaluate((node) => node.scrollHeight)).toBeLessThan(1_700 * 200);
  const down = await move(700, MESSAGES);
  expect(down.gaps).toEqual([]);
  await page.keyboard.press('End');
  await expect(item(page, MESSAGES)).toBeInViewport();
  await expect(page.getByRole('button', { name: 'Jump to latest' })).toBeHidden();
});

test('the beginning, the end and anything between are one step away', async () => {
  const page = await open({ messages: MESSAGES });
  await page.mouse.move(700, 400);
  await page.mouse.wheel(0, -2_000_000);
  await expect(page.getByRole('button', { name: 'Jump to latest' })).toBeVisible();
  await page.getByRole('button', { name: 'Jump to latest' }).click();
  await expect(item(page, MESSAGES)).toBeInViewport();
  await log(page).focus();
  await page.keyboard.press('Home');
  await expect(item(page, 1)).toBeInViewport();
  await page.keyboard.press('End');
  await expect(item(page, MESSAGES)).toBeInViewport();
});

test('the view stays where it is while older messages come in front', async () => {
  const page = await open({ messages: 5_000, delay: 400 });
  await page.mouse.move(700, 400);
  await page.mouse.wheel(0, -1_000_000);
  await expect(log(page)).toHaveAttribute('aria-busy', 'true');
  const place = () =>
    log(page).evaluate((node) => {
      const upper = node.getBoundingClientRect().y;
      const rows = [...node.querySelectorAll<HTMLElement>('[data-testid=item]')];
      const seen = rows.find((row) => row.getBoundingClientRect().y > upper + 150);
      return { key: seen?.dataset['key'] ?? '', y: seen?.getBoundingClientRect().y ?? 0 };
    });
  const before = await place();
  await expect(log(page)).toHaveAttribute('aria-busy', 'false');
  const y = await page.locator(`[data-key="${before.key}"]`).evaluate((node) => node.getBoundingClientRect().y);
  expect(Math.abs(y - before.y)).toBeLessThan(3);
});

test('a day, an answered message and the end are found from anywhere', async () => {
  const page = await open({ messages: MESSAGES });
  await page.mouse.move(700, 400);
  await page.mouse.wheel(0, -1_500);
  const seq = 20_000;
  const at = new Date(FIRST_AT + seq * APART_MINUTES * 60_000);
  const midnight = new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
  const first = Math.ceil((midnight - FIRST_AT) / (APART_MINUTES * 60_000));
  await page.getByRole('button', { name: /Go to another day/ }).click();
  const two = (n: number) => String(n).padStart(2, '0');
  await page
    .getByLabel('Day', { exact: true })
    .fill(`${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`);
  await page.getByRole('button', { name: 'Go', exact: true }).click();
  await expect(item(page, first)).toBeInViewport();
  await expect(item(page, first)).toBeFocused();

  // Newer ones follow when one goes on.
  await page.mouse.move(700, 400);
  await expect(async () => {
    await page.mouse.wheel(0, 1_200);
    const last = await page.locator('[data-testid=item]').last().getAttribute('data-key');
    expect(Number(last?.slice(1))).toBeGreaterThan(first + 60);
  }).toPass();
  const quote = page.getByTitle('Go to this message').last();
  await quote.click();
  await expect(page.locator('.found')).toBeInViewport();

  await page.getByRole('button', { name: 'Jump to latest' }).click();
  await expect(item(page, MESSAGES)).toBeInViewport();
  await expect(page.getByRole('button', { name: 'Jump to latest' })).toBeHidden();

  await page.mouse.move(700, 400);
  await page.mouse.wheel(0, -1_500);
  await page.getByRole('button', { name: /Go to another day/ }).click();
  await page.getByRole('button', { name: 'To the beginning' }).click();
  await expect(item(page, 1)).toBeInViewport();
});
