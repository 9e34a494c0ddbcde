import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

// What takes longer than a test run may: chaos, soak, large loads. `npm run test:long`.
const { ssr } = base as { ssr: object };

export default defineConfig({
  ssr,
  test: {
    include: ['test/long/**/*.long.ts'],
    globalSetup: './test/find-nats-server.setup.ts',
    testTimeout: 300_000,
    hookTimeout: 60_000,
    fileParallelism: false,
    reporters: ['default', './scripts/plain-summary-reporter.mjs'],
  },
});
