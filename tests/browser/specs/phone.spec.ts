import { expect, test } from '@playwright/test';
import { Company, composer, createRoom, invite, joinByLink, openRoom, register, send, texts } from '../support/people.ts';
import { Relay } from '../support/relay.ts';

const WORD = 'Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen'.repeat(3);

test('a phone and a desktop talk: one pane at a time, and the newest message stays in view', async () => {
  test.setTimeout(180_000);
  const relay = await Relay.start();
  const company = new Company();
  try {
    const desk = await company.open({ viewport: { width: 1440, height: 900 } });
    const phone = await company.open({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' });
    await register(desk.page, await relay.setupLink(), {
      username: 'mira',
      password: 'violet-otter-paper-lantern',
      displayName: 'Mira',
    });
    await register(phone.page, relay.url, {
      username: 'jonas',
      password: 'copper-river-quiet-window',
      displayName: 'Jonas Weber',
    });
    await createRoom(desk.page, 'Ops room');
    await joinByLink(phone.page, await invite(desk.page), 'Ops room');
    await expect(phone.page.getByTestId('room-entry')).toBeHidden();

    const said = [
      'The new relay is up. 14 MB of memory with everybody connected.',
      'مرحبا بالجميع، هذا رائع',
      '🎉🎉',
      `A long word: ${WORD}`,
      'and a line that is long enough to need more than one line on a phone, which is what phones are like',
    ];
    for (const [n, text] of said.entries()) {
      const page = n % 2 === 0 ? desk.page : phone.page;
      await composer(page).fill(text);
      await page.getByRole('button', { name: 'Send' }).click();
      await expect(texts(desk.page).last()).toHaveText(text);
      await expect(texts(phone.page).last()).toHaveText(text);
      await expect(texts(phone.page).last()).toBeInViewport();
    }
    // More than fits: the end stays in view for whoever is there.
    for (let n = 0; n < 15; n++) await send(desk.page, `line ${n}`);
    await expect(texts(phone.page).last()).toHaveText('line 14');
    await expect(texts(phone.page).last()).toBeInViewport();

    const overflow = await phone.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
    await phone.page.getByRole('button', { name: 'Back to conversations' }).click();
    await expect(composer(phone.page)).toBeHidden();
    await openRoom(phone.page, 'Ops room');
    await expect(texts(phone.page).last()).toBeInViewport();
    expect([...desk.errors, ...phone.errors]).toEqual([]);
  } finally {
    await company.dispose();
    await relay.dispose();
  }
});
