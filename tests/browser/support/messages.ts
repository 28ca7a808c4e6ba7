import { expect, type Locator, type Page } from '@playwright/test';
import { composer } from './people.ts';

/** The message that says this itself, not one that quotes it. */
export function message(page: Page, text: string): Locator {
  const words = page.getByTestId('item-text').or(page.getByTestId('poll')).filter({ hasText: text });
  return page.locator('article.message').filter({ has: words });
}

/** Chooses from the menu of a message. */
export async function choose(page: Page, text: string, choice: string): Promise<void> {
  const item = message(page, text).last();
  // What is not at the relay yet cannot be answered, changed or pinned.
  await expect(item).toHaveAttribute('data-state', 'sent');
  await item.hover();
  await item.locator('[data-message-menu]').click();
  await page.getByRole('menuitem', { name: choice, exact: true }).click();
}

/** Answers a message. */
export async function answer(page: Page, text: string, words: string): Promise<void> {
  await choose(page, text, 'Reply');
  await expect(page.getByTestId('composer-bar')).toBeVisible();
  await composer(page).fill(words);
  await composer(page).press('Enter');
  await expect(page.getByTestId('composer-bar')).toBeHidden();
}
