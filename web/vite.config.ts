import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { emoji } from './tools/emoji';

/** Where a relay listens during development. */
const relay = process.env['WAXWING_RELAY'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [emoji(), svelte()],
  // Unit tests run the browser build of Svelte, whose runes are reactive, in plain Node.
  resolve: process.env['VITEST'] ? { conditions: ['browser'] } : {},
  build: {
    target: ['chrome123', 'firefox120', 'safari17.5'],
    // The relay's Content-Security-Policy allows no inline script or style, and no data: URLs for code.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    reportCompressedSize: false,
  },
  worker: { format: 'es' },
  server: {
    proxy: {
      '/api': { target: relay, ws: true },
    },
  },
  test: {
    include: ['src/**/*.test.ts'],
    environment: 'node',
  },
});
