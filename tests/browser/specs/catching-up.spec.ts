import { expect, type Page, test } from '@playwright/test';
import { expectAccessible } from '../support/axe.ts';
import { Company, composer, createRoom, logIn, openRoom, texts, twoPeople } from '../support/people.ts';
import { Proxy } from '../support/proxy.ts';
import { Relay } from '../support/relay.ts';

// A device that knows nothing yet: how much is missing is told, it can wait, and nothing is missing in the end.

const ROOM = 'A year of letters';
/** More than two pages of what a device asks the relay for at once. */
const MESSAGES = 1_150;

test('the first synchronisation shows how far it has got, waits when it is told to, and ends', async () => {
  test.setTimeout(300_000);
  const proxy = await Proxy.start();
  const relay = await Relay.start({ arguments: ['--sessions', 'multi', '--public-origin', proxy.url] });
  proxy.leadTo(relay.url);
  const company = new Company();
  try {
    const { mira, miraHerself } = await twoPeople(company, relay, { at: proxy.url });
    await createRoom(mira.page, ROOM);
    await write(mira.page, MESSAGES);
    await expect(mira.page.getByTestId('item').last()).toHaveAttribute('data-state', 'sent', { timeout: 120_000 });

    const { page } = await company.open();
    await page.goto(proxy.url);
    // As from far away: the pages of the history take their time.
    proxy.bytesPerSecond = 24_000;
    await logIn(page, { url: proxy.url }, miraHerself);
    const bar = page.getByTestId('sync');
    await expect(bar).toBeVisible({ timeout: 60_000 });
    await expect(bar).toContainText('1 conversation');
    await bar.getByRole('button', { name: 'Pause' }).click();
    await expect(bar).toHaveAttribute('data-paused', 'true');
    proxy.bytesPerSecond = Infinity;
    await expect(bar).toContainText('History is paused');
    await expectAccessible(page, 'a history that is paused', () => expect(bar).toBeVisible());

    const progress = bar.getByRole('progressbar', { name: 'History fetched' });
    const before = Number(await progress.getAttribute('value'));
    expect(before, 'most is still missing').toBeLessThan(60);
    await bar.getByRole('button', { name: 'Continue' }).click();
    await expect(bar).toBeHidden({ timeout: 60_000 });

    await openRoom(page, ROOM);
    await expect(texts(page).last()).toHaveText(`letter ${MESSAGES - 1}`);
    await page.getByRole('log').focus();
    await page.keyboard.press('Home');
    await expect(async () => {
      await page.mouse.move(800, 400);
      await page.mouse.wheel(0, -20_000);
      await expect(page.getByText('letter 0', { exact: true })).toBeInViewport({ timeout: 500 });
    }).toPass({ timeout: 60_000 });
  } finally {
    await company.dispose();
    await relay.dispose();
    await proxy.dispose();
  }
});

/** Writes as nobody can: as fast as the page takes it. */
async function write(page: Page, count: number): Promise<void> {
  await composer(page).evaluate(async (node, count) => {
    const field = node as HTMLTextAreaElement;
    for (let n = 0; n < count; n++) {
      field.value = `letter ${n}`;
      field.dispatchEvent(new Event('input', { bubbles: true }));
      await Promise.resolve();
      field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
      await new Promise((done) => setTimeout(done));
      if (field.value !== '') throw new Error(`letter ${n} was not taken`);
    }
  }, count);
}
