import { defineConfig } from '@playwright/test';
import { launchOptions } from './support/chromium.ts';
import { INSECURE_HOST } from './screens/camera.ts';

/** Pictures of every screen, for people to look at: `cargo xtask screenshots`. Test runs do not take them. */
export default defineConfig({
  testDir: 'screens',
  testMatch: '**/*.screens.ts',
  outputDir: 'test-results/screens',
  workers: 2,
  fullyParallel: false,
  timeout: 480_000,
  expect: { timeout: 20_000 },
  reporter: 'list',
  use: {
    browserName: 'chromium',
    launchOptions: {
      ...launchOptions,
      args: [...(launchOptions.args ?? []), `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`],
    },
    actionTimeout: 30_000,
    navigationTimeout: 30_000,
  },
});
