import type { LaunchOptions } from '@playwright/test';

/**
 * How every test starts Chromium: the installed one, without a sandbox (containers have no user namespaces), without a
 * graphics card, and without the traffic that Chromium makes for itself. QUIC is off so that nothing but TCP goes out.
 */
export const launchOptions: LaunchOptions = {
  executablePath: process.env.WAXWING_CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};
