import type { Page } from '@playwright/test';

/**
 * Waits until nothing on the page moves. Half-way through a transition a colour is none of the design's, and the end of
 * one may begin the next, inside of it.
 */
export async function calm(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const running = () =>
      document
        .getAnimations()
        .filter(
          ({ playState, effect }) =>
            playState === 'running' && effect?.getComputedTiming().endTime !== Infinity,
        );
    const frame = () => new Promise(requestAnimationFrame);
    for (let still = 0; still < 3; still = running().length === 0 ? still + 1 : 0) {
      await Promise.allSettled(running().map(({ finished }) => finished));
      await frame();
    }
  });
}
