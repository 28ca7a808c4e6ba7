import { expect, test } from '@playwright/test';
import { logIn, register } from '../support/people.ts';
import { Relay } from '../support/relay.ts';
import { CAST, visitor } from '../screens/cast.ts';
import { readFileSync } from 'node:fs';
test('x', async ({ browser }) => {
  const relay = await Relay.start({environment: {RUST_LOG: 'debug'}});
  const page = await visitor(browser);
  await page.addInitScript(() => { const W = Worker; (window as any).Worker = class extends W { constructor(u: any, o: any) { super(u, o); this.addEventListener('message', (e: any) => console.log(performance.now() | 0, 'MSG', JSON.stringify(e.data, (k, v) => v instanceof Uint8Array ? 'bytes' : v).slice(0, 200))); } }; });
  page.on('console', (m) => console.log('PAGE', m.text()));
  const mira = await register(page, await relay.setupLink(), CAST.mira);
  await expect(page.getByRole('button', { name: 'New room' }).first()).toBeVisible();
  if (process.env.TABS) {
  const second = await page.context().newPage();
  await second.goto(relay.url);
  await second.getByRole('button', { name: 'Use it here' }).click();
  await page.getByRole('heading', { name: 'Waxwing is open in another tab' }).waitFor();
  await second.close();
  await page.getByRole('button', { name: 'Use it here' }).click();
  }
  if (process.env.WAIT) await page.waitForTimeout(8000);
  console.log('state', await page.getByTestId('connection').getAttribute('data-state').catch(String));
  const elsewhere = await visitor(browser);
  await logIn(elsewhere, relay, mira);
  await page.waitForTimeout(6000);
  console.log('after', await page.locator('body').innerText());
  console.log('elsewhere', await elsewhere.locator('body').innerText());

  await relay.dispose();
});
