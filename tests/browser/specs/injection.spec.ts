import { expect, type Page, test } from '@playwright/test';
import { Company, composer, createRoom, invite, joinByLink, register, send, submitDetails, texts } from '../support/people.ts';
import { PAYLOADS } from '../support/payloads.ts';
import { Relay } from '../support/relay.ts';

// Whatever is said, and whatever things and people are called: the page has only elements, attributes and addresses
// that the app makes itself.

/** What a message may be made of. */
const IN_TEXT = 'a bdi blockquote button code div em li ol path pre s span strong svg ul'.split(' ');
/** What the app is made of around it. */
const AROUND = (
  'article aside body circle dialog dl dd dt fieldset footer form h1 h2 h3 head header html i input label legend link main ' +
  'meta nav noscript option p script search section select small strong style textarea time title'
).split(' ');
const ATTRIBUTES =
  /^(aria-[a-z]+|data-[a-z-]+|as|autocapitalize|autocomplete|autofocus|charset|class|content|crossorigin|cx|cy|d|datetime|dir|disabled|enterkeyhint|fetchpriority|fill|for|form|height|href|id|inert|lang|maxlength|media|name|opacity|open|placeholder|popover|r|rel|required|role|rows|spellcheck|src|start|style|tabindex|target|title|type|value|viewBox|width)$/
    .source;

test('no payload makes an element, an attribute or an address of its own', async () => {
  test.setTimeout(180_000);
  const relay = await Relay.start();
  const company = new Company();
  try {
    // So tall that all messages are there at once.
    const viewport = { width: 1300, height: 9_000 };
    const profiles = [await company.open(), await company.open({ viewport })];
    const [mira, jonas] = profiles.map(({ page }) => page) as [Page, Page];
    const events: string[] = [];
    for (const { page, context } of profiles) {
      page.on('dialog', (dialog) => {
        events.push(`dialog ${dialog.message()}`);
        void dialog.dismiss();
      });
      context.on('request', (request) => {
        const url = request.url();
        if (!/^(blob:|data:)/.test(url) && new URL(url).origin !== relay.url) events.push(`request ${url}`);
      });
    }
    const name = '<img src=x onerror=alert(1)>{{7*7}}"onload="';
    await register(mira, await relay.setupLink(), {
      username: 'mira',
      password: 'violet-otter-paper-lantern',
      displayName: name,
    });
    await register(jonas, relay.url, {
      username: 'jonas',
      password: 'copper-river-quiet-window',
      displayName: '</bdi><svg/onload=alert(1)>',
    });
    const room = '</title><script>alert(1)</script>';
    await createRoom(mira, room);
    await joinByLink(jonas, await invite(mira), room);

    for (const payload of PAYLOADS) await send(mira, payload);
    await send(mira, `@</bdi><svg/onload=alert(1)> the end`);
    await expect(texts(jonas).last()).toContainText('the end', { timeout: 60_000 });
    await expect(texts(jonas)).toHaveCount(PAYLOADS.length + 1);
    await expectOnlyOurs(jonas);

    await test.step('in a poll, in an answer, and in what is written', async () => {
      await mira.getByRole('button', { name: 'Ask a poll' }).click();
      const dialog = mira.getByRole('dialog', { name: 'New poll' });
      await dialog.getByLabel('Question').fill('<img src=x onerror=alert(1)>');
      await dialog.getByLabel('Answer 1').fill('"><script>alert(1)</script>');
      await dialog.getByLabel('Answer 2').fill('[x](javascript:alert(1))');
      await dialog.getByRole('button', { name: 'Ask' }).click();
      await expect(jonas.getByTestId('poll')).toContainText('<img src=x onerror=alert(1)>');
      await composer(jonas).fill('<img src=x onerror=alert(1)> @');
      await expectOnlyOurs(jonas);
      await expectOnlyOurs(mira);
    });

    await test.step('in a topic, in the details, and in what happened', async () => {
      const topic = '"><img src=x onerror=alert(1)>[x](javascript:alert(1))';
      await mira.getByRole('button', { name: 'Room details' }).click();
      const details = (page: Page) => page.getByRole('complementary', { name: 'Room details' });
      await details(mira).getByRole('button', { name: 'Edit', exact: true }).click();
      await mira.getByRole('dialog').getByLabel('Topic').fill(topic);
      await mira.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
      await expect(details(mira).getByText(topic)).toBeVisible();
      await expect(jonas.getByTestId('item').last()).toContainText(topic);
      await expect(jonas.getByRole('main').locator('header')).toContainText(topic);
      await jonas.getByRole('button', { name: 'Room details' }).click();
      await expect(details(jonas).getByText(topic)).toBeVisible();
      await expectOnlyOurs(mira);
      await expectOnlyOurs(jonas);
    });

    await test.step('as a username that is looked for', async () => {
      await mira.getByRole('button', { name: 'New chat' }).click();
      const field = mira.getByRole('dialog').getByLabel('Name, username or contact link');
      for (const payload of PAYLOADS.filter((one) => one.length < 60).slice(0, 12)) {
        await field.fill(payload);
        await field.press('Enter');
        await expectOnlyOurs(mira);
      }
      await mira.keyboard.press('Escape');
      await expect(mira.getByRole('dialog')).toBeHidden();
    });

    await test.step('as a username that somebody wants to have', async () => {
      const stranger = (await company.open()).page;
      stranger.on('dialog', (dialog) => {
        events.push(`dialog ${dialog.message()}`);
        void dialog.dismiss();
      });
      await stranger.goto(relay.url);
      await stranger.getByRole('button', { name: 'Create account' }).click();
      for (const username of ['<img src=x onerror=alert(1)>', '"onfocus="alert(1)" autofocus="', '{{7*7}}']) {
        await submitDetails(stranger, { username, password: 'violet-otter-paper-lantern', displayName: name });
        await expect(stranger.getByText('A username has 3 to 32 characters')).toBeVisible();
        await expectOnlyOurs(stranger, 0);
      }
    });

    await mira.reload();
    await expect(texts(mira).last()).toContainText('the end');
    await expectOnlyOurs(mira);
    expect(events).toEqual([]);
    expect(profiles.flatMap(({ errors }) => errors)).toEqual([]);
  } finally {
    await company.dispose();
    await relay.dispose();
  }
});

async function expectOnlyOurs(page: Page, said = 2): Promise<void> {
  const { strange, texts } = await page.evaluate(
    ({ inText, around, attributes }) => {
      const strange: string[] = [];
      const known = new RegExp(attributes);
      for (const element of document.querySelectorAll('*')) {
        const tag = element.localName;
        const told = `${tag}: ${element.outerHTML.slice(0, 160)}`;
        const said = element.parentElement?.closest('[data-testid=item-text]') != null;
        if (!inText.includes(tag) && (said || !around.includes(tag))) strange.push(told);
        // What the page came with, and nothing after that.
        if (/^(script|style|link|meta|base)$/.test(tag) && !document.head.contains(element)) strange.push(told);
        for (const { name, value } of element.attributes) {
          if (!known.test(name)) strange.push(`${name}: ${told}`);
          const address = name === 'href' || name === 'src';
          if (address && !/^(https?:\/\/|mailto:|\/|#)/.test(value)) strange.push(`${name}=${value}: ${told}`);
        }
        if (element.matches('a[target]') && !/noopener noreferrer/.test(element.getAttribute('rel') ?? '')) {
          strange.push(`rel: ${told}`);
        }
      }
      return { strange, texts: document.querySelectorAll('[data-testid=item-text]').length };
    },
    { inText: IN_TEXT, around: AROUND, attributes: ATTRIBUTES },
  );
  expect(strange).toEqual([]);
  expect(texts, 'there was something to look at').toBeGreaterThanOrEqual(said);
}
