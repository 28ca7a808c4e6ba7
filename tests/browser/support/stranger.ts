import type { Page } from '@playwright/test';

/** Makes a page of the relay's origin lead the tabs of its browser as another version of the app would. */
export async function leadAsAnotherVersion(page: Page, relayUrl: string): Promise<void> {
  await page.goto(`${relayUrl}/api/openapi.json`);
  await page.evaluate(async () => {
    await new Promise<void>((resolve) => {
      void navigator.locks.request('waxwing', { steal: true }, () => {
        resolve();
        return new Promise<never>(() => undefined);
      });
    });
    new BroadcastChannel('waxwing/leader').onmessage = ({ data }: MessageEvent<{ tab: string }>) => {
      new BroadcastChannel(`waxwing/tab/${data.tab}`).postMessage({ type: 'stranger' });
    };
  });
}
