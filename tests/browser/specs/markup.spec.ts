import { expect, type Page, test } from '@playwright/test';
import { Company, composer, createRoom, invite, register, send, texts } from '../support/people.ts';
import { Relay } from '../support/relay.ts';

// Whatever people write is text: it makes no element, runs nothing, and turns nothing around.

const ROOM = '<script>document.title="owned"</script><b>R</b>';
const MIRA = '<img src=x onerror="alert(1)">Mira';
/** Turns what follows around, and never back. */
const OVERRIDE = '\u202E';
const JONAS = `Jonas${OVERRIDE}<svg/onload=alert(2)>`;

const MESSAGES = [
  '<img src=x onerror="alert(3)">',
  '<script>alert(4)</script>',
  '"><iframe srcdoc="<script>alert(5)</script>"></iframe>',
  '<style>*{display:none}</style><base href="https://evil.invalid/"><meta http-equiv=refresh content=0>',
  'javascript:alert(6)',
  '[click](javascript:alert(7)) <a href="javascript:alert(8)">click</a>',
  'data:text/html,<script>alert(9)</script>',
  '{@html "<img src=x onerror=alert(10)>"} {{constructor.constructor("alert(11)")()}} ${alert(12)}',
  '&lt;b&gt;entities&lt;/b&gt; &#60;img src=x onerror=alert(13)&#62; \u0000 \u001B[31m',
  `${OVERRIDE}gnp.exe and what follows`,
  'https://good.invalid/"onmouseover="alert(14)"<b>',
  'https://user:password@evil.invalid/ https://evil.invalid\\@good.invalid/',
  `https://good.invalid/${OVERRIDE}moc.live//:sptth`,
  `${OVERRIDE}https://evil.invalid/moc.knab//:sptth`,
  `\`${OVERRIDE}code\``,
];

/** What is shown of a message: code as it is, and the rest running the way that its letters run. */
const shownOf = (message: string) =>
  message.startsWith('`') ? message.replaceAll('`', '') : message.replaceAll(OVERRIDE, '').trim();

/** Elements that the app never makes, and attributes that it never sets. */
const FOREIGN = [
  'img, iframe, frame, object, embed, base, form[action], b, style[data-owned], svg[onload], math',
  'body script, body style, body meta, body link, video, audio, marquee',
].join(', ');

test('markup and direction overrides in names and messages are shown as text', async () => {
  test.setTimeout(180_000);
  const relay = await Relay.start();
  const company = new Company();
  try {
    const viewport = { width: 1300, height: 2400 };
    const mira = await company.open({ viewport });
    const jonas = await company.open({ viewport });
    const dialogs: string[] = [];
    const strangers: string[] = [];
    for (const { page } of [mira, jonas]) {
      page.on('dialog', (dialog) => {
        dialogs.push(dialog.message());
        void dialog.dismiss();
      });
      page.on('request', (request) => {
        if (!/^(blob:|data:)/.test(request.url()) && new URL(request.url()).origin !== relay.url) {
          strangers.push(request.url());
        }
      });
    }
    await register(mira.page, await relay.setupLink(), {
      username: 'mira',
      password: 'violet-otter-paper-lantern',
      displayName: MIRA,
    });
    await register(jonas.page, relay.url, {
      username: 'jonas',
      password: 'copper-river-quiet-window',
      displayName: JONAS,
    });
    await createRoom(mira.page, ROOM);
    await expect(mira.page.getByRole('heading', { level: 1 })).toHaveText(ROOM);
    const link = await invite(mira.page);
    await jonas.page.goto(link);
    await expect(jonas.page.getByTestId('invite-room')).toHaveText(ROOM);
    await expectOnlyOurs(jonas.page);
    await jonas.page.getByRole('button', { name: 'Join room' }).click();
    await expect(composer(jonas.page)).toBeVisible();

    for (const message of MESSAGES) await send(mira.page, message);
    // The last one is shown in the list of conversations as well.
    const last = `${OVERRIDE}<img src=x onerror=alert(15)>`;
    await send(jonas.page, last);
    const all = [...MESSAGES, last];
    for (const { page } of [mira, jonas]) {
      await expect(texts(page)).toHaveCount(all.length);
      const shown = await texts(page).evaluateAll((nodes) => nodes.map((node) => node.textContent?.trim()));
      expect(shown).toEqual(all.map(shownOf));
      await expectOnlyOurs(page);
    }
    await test.step('names', async () => {
      await expect(jonas.page.getByText(MIRA, { exact: true }).first()).toBeVisible();
      await mira.page.getByRole('button', { name: 'Room details' }).click();
      const details = mira.page.getByRole('complementary', { name: 'Room details' });
      const members = details.getByRole('listitem');
      await expect(members.getByText(MIRA)).toBeVisible();
      await expect(members.getByText('<svg/onload=alert(2)>')).toBeVisible();
      await expectOnlyOurs(mira.page);
    });

    await test.step('links', async () => {
      const links = await texts(jonas.page)
        .getByRole('link')
        .evaluateAll((nodes) =>
          (nodes as HTMLAnchorElement[]).map(({ href, textContent, rel, target }) => ({
            href,
            textContent,
            rel,
            target,
          })),
        );
      for (const { href, textContent, rel, target } of links) {
        // It leads where it says, and says so at its beginning.
        expect(textContent?.startsWith(`https://${new URL(href).hostname}`), textContent ?? '').toBe(true);
        expect(textContent).not.toMatch(/["<>\u202E]/);
        expect(rel.split(' ')).toEqual(expect.arrayContaining(['noopener', 'noreferrer']));
        expect(target).toBe('_blank');
      }
      expect(links.map(({ href }) => new URL(href).hostname)).toEqual([
        'evil.invalid', // what the base element names
        'good.invalid',
        'evil.invalid', // a browser takes a backslash there for a slash
        'good.invalid',
        'evil.invalid',
      ]);
      // An override in front of an address has no power over it.
      const isolated = texts(jonas.page).getByRole('link').last();
      await expect(isolated).toHaveCSS('unicode-bidi', 'isolate');
      await expect(isolated).toHaveCSS('direction', 'ltr');
    });

    await test.step('what was turned around does not turn the rest', async () => {
      for (const { page } of [mira, jonas]) await expectNoDirectionLeaks(page);
    });

    for (const { page } of [mira, jonas]) {
      await page.reload();
      await expect(texts(page)).toHaveCount(all.length);
      await expectOnlyOurs(page);
    }
    expect(dialogs).toEqual([]);
    expect(strangers).toEqual([]);
    expect([...mira.errors, ...jonas.errors]).toEqual([]);
  } finally {
    await company.dispose();
    await relay.dispose();
  }
});

/** The document has no element, handler or address that came out of what somebody wrote. */
async function expectOnlyOurs(page: Page): Promise<void> {
  const found = await page.evaluate((foreign) => {
    const strange = [...document.querySelectorAll(foreign)].map((element) => element.outerHTML);
    for (const element of document.querySelectorAll('*')) {
      for (const { name, value } of element.attributes) {
        const wrong =
          name.startsWith('on') ||
          name === 'srcdoc' ||
          ((name === 'href' || name === 'src') && !/^(https?:|mailto:|otpauth:|#|\/)/.test(value));
        if (wrong) strange.push(`${element.tagName} ${name}=${value}`);
      }
    }
    return strange;
  }, FOREIGN);
  expect(found).toEqual([]);
  expect(await page.title()).not.toBe('owned');
}

/**
 * A direction override counts until the end of its paragraph. So it may stand only in an element that is isolated or a
 * paragraph of its own, and in no attribute or title, where nothing ends it.
 */
async function expectNoDirectionLeaks(page: Page): Promise<void> {
  const leaks = await page.evaluate((override) => {
    const found: string[] = [];
    let seen = 0;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (!node.textContent?.includes(override)) continue;
      seen++;
      const closed = (element: Element | null): boolean => {
        if (!element) return false;
        const style = getComputedStyle(element);
        return (
          /isolate|plaintext/.test(style.unicodeBidi) ||
          style.display !== 'inline' ||
          closed(element.parentElement)
        );
      };
      // Inside of a link that shows an address nothing may be turned around at all.
      const parent = node.parentElement;
      if (!closed(parent) || parent?.closest('a[target=_blank]')) found.push(`text ${node.textContent}`);
    }
    for (const element of document.querySelectorAll('*')) {
      for (const { name, value } of element.attributes) {
        // A field's own value and placeholder are paragraphs of their own.
        if (value.includes(override) && name !== 'value') found.push(`${element.tagName} ${name}=${value}`);
      }
    }
    if (document.title.includes(override)) found.push(`title ${document.title}`);
    return { found, seen };
  }, OVERRIDE);
  expect(leaks.found).toEqual([]);
  expect(leaks.seen, 'code keeps what was written').toBe(1);
}
