import { defineConfig } from '@playwright/test';
import { launchOptions } from './support/chromium.ts';

/** Tests of the app are in `specs/`, tests of their own tools beside the tools in `support/`. */
export default defineConfig({
  testMatch: '{specs,support}/**/*.spec.ts',
  outputDir: 'test-results',
  // A test that passes at its second attempt has found something.
  retries: 0,
  workers: 2,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  forbidOnly: process.env.CI !== undefined,
  reporter: 'list',
  use: { browserName: 'chromium', launchOptions, trace: 'retain-on-failure', actionTimeout: 20_000, navigationTimeout: 20_000 },
});
