import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type CDPSession, expect, type Page } from '@playwright/test';
import type { AxeResults, RunOptions } from 'axe-core';
import { calm } from './calm.ts';

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** WCAG 2.2, levels A and AA: each version names only what it added. */
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa'];

const SIZES = [
  { width: 390, height: 844 },
  { width: 1440, height: 900 },
];
const SCHEMES = ['light', 'dark'] as const;

/**
 * Lets axe look at what a page shows, as a phone and a desktop show it, light and dark, and fails with every violation.
 * `ready` waits for the screen, for it may be made anew when the size changes.
 */
export async function expectAccessible(
  page: Page,
  screen: string,
  ready: () => Promise<void>,
): Promise<void> {
  for (const size of SIZES) {
    await page.setViewportSize(size);
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await ready();
      const violations = await findViolations(page);
      expect.soft(violations, `${screen}, ${size.width}x${size.height}, ${colorScheme}`).toEqual([]);
    }
  }
}

/** One line for each element that violates a rule. */
async function findViolations(page: Page): Promise<string[]> {
  await calm(page);
  const { violations, passes } = await run(page, { runOnly: TAGS, resultTypes: ['violations'] });
  expect(passes.length, 'axe has looked at something').toBeGreaterThan(5);
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id} (${help}): ${html.slice(0, 200)} ${failureSummary ?? ''}`),
  );
}

/**
 * The developer tools' way into each page. They stay open: closing them would end what a test has made the page believe
 * about the network.
 */
const sessions = new WeakMap<Page, CDPSession>();

/** Runs axe in a way that the content security policy and trusted types leave open. */
async function run(page: Page, options: RunOptions): Promise<AxeResults> {
  const session = sessions.get(page) ?? (await page.context().newCDPSession(page));
  sessions.set(page, session);
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
    expression: `if (!window.axe) { ${SOURCE} }\naxe.run(document, ${JSON.stringify(options)})`,
    awaitPromise: true,
    returnByValue: true,
  });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value as AxeResults;
}
