import { defineConfig } from 'vitest/config';
import base, { overOtherTransports } from './vitest.config.ts';

// What takes longer than a test run may: chaos, soak, large loads, every test of the services over each transport.
// `npm run test:long`; `-- --project long` runs the first three alone.
const { ssr } = base as { ssr: object };
const globalSetup = './test/find-nats-server.setup.ts';

export default defineConfig({
  ssr,
  test: {
    testTimeout: 300_000,
    hookTimeout: 60_000,
    setupFiles: ['./test/no-secret-in-logs.setup.ts'],
    fileParallelism: false,
    reporters: ['default', './scripts/plain-summary-reporter.mjs'],
    projects: [
      {
        extends: true,
        test: {
          name: 'long',
          include: ['{test,packages/*/test}/**/*.long.ts'],
          exclude: ['test/{console,demo}/*'],
          globalSetup,
        },
      },
      // The pages, of a hub and of two edges on NATS.
      ...['hub', 'cluster'].map((site) => ({
        extends: true as const,
        test: {
          name: `pages-${site}`,
          include: ['test/{console,demo}/*.long.ts'],
          env: { TEST_SITE: site },
          globalSetup,
        },
      })),
      ...overOtherTransports('all'),
      // The faults, with edges that are fed what their streams follow.
      {
        extends: true,
        test: {
          name: 'faults-interest',
          include: ['test/fault/*.test.ts', 'test/long/{fault,cluster-fault}.long.ts'],
          env: { TEST_FEED: 'interest' },
          globalSetup,
        },
      },
      // The edge on a broker that feeds what is followed, and nothing else.
      {
        extends: true,
        test: {
          name: 'interest',
          include: ['services/edge/test/**/*.test.ts'],
          env: { TEST_FEED: 'interest' },
          globalSetup,
        },
      },
      ...['h2c', 'tls'].map((transport) => ({
        extends: true as const,
        test: {
          name: `journey-${transport}`,
          include: ['test/journey.test.ts'],
          env: { TEST_TRANSPORT: transport },
          globalSetup,
        },
      })),
    ],
  },
});
