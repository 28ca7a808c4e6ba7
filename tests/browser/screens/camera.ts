import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type Locator, type Page, test } from '@playwright/test';
import { calm } from '../support/calm.ts';

/** A name for 127.0.0.1 that browsers do not take for this machine: without TLS they offer it no encryption. */
export const INSECURE_HOST = 'relay.test';

export const SIZES = {
  phone: { width: 390, height: 844 },
  desktop: { width: 1440, height: 900 },
} as const;
const SCHEMES = ['light', 'dark'] as const;

/** Where the pictures go; everything about it is ignored by git. */
const FOLDER = process.env.WAXWING_SCREENSHOTS ?? join(import.meta.dirname, '../../../screenshots');

/** Takes pictures of screens as a phone and a desktop show them, light and dark, numbered in the order of taking. */
export class Camera {
  readonly #chapter: string;
  readonly #names: string[] = [];

  /** The chapter begins the names of all its pictures. */
  constructor(chapter: string) {
    this.#chapter = chapter;
    mkdirSync(FOLDER, { recursive: true });
  }

  /** Takes the pictures of one screen; it is there when `shown` is visible, also after a change of the size. */
  async take(page: Page, name: string, shown: Locator, sizes = Object.keys(SIZES) as (keyof typeof SIZES)[]) {
    if (this.#names.at(-1) !== name) this.#names.push(name);
    const number = String(this.#names.length).padStart(2, '0');
    await test.step(name, async () => {
      // What was clicked last is not what the picture is about.
      await page.mouse.move(1, 1);
      // Nor is what was said about the step before.
      await expect(page.getByTestId('toast')).toHaveCount(0);
      for (const size of sizes) {
        await page.setViewportSize(SIZES[size]);
        for (const colorScheme of SCHEMES) {
          await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
          await expect(shown.first()).toBeVisible();
          await calm(page);
          const path = join(FOLDER, `${this.#chapter}-${number}-${name}-${size}-${colorScheme}.png`);
          await page.screenshot({ path, animations: 'disabled' });
        }
      }
      await page.setViewportSize(SIZES.desktop);
    });
  }
}
