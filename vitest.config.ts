import { fileURLToPath } from 'node:url';
import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';

// Every workspace is run from its sources: the condition must stand under `ssr.resolve`, and each project must extend
// this file, or the tests would silently run a stale dist.
const workspaces = [
  'packages/protocol',
  'packages/runtime',
  'packages/auth',
  'packages/broker',
  'packages/cli',
  'services/ingest',
  'services/edge',
  'services/hub',
];

/** Tests with a real nats-server: one is found, or installed, before they begin. */
const withNatsServer = {
  globalSetup: fileURLToPath(new URL('./test/find-nats-server.setup.ts', import.meta.url)),
};
const NEEDS_NATS_SERVER = new Set([
  'packages/broker',
  'packages/cli',
  'services/ingest',
  'services/edge',
  'services/hub',
]);

/** The services once more, for clients of HTTP/2 with prior knowledge and of TLS (`packages/runtime/src/testing/transport.ts`). */
const overOtherTransports = ['edge', 'ingest', 'hub'].flatMap((service) =>
  ['h2c', 'tls'].map((transport) => ({
    extends: true as const,
    root: `services/${service}`,
    test: {
      name: `${service}-${transport}`,
      include: ['test/**/*.test.ts'],
      env: { TEST_TRANSPORT: transport },
      ...withNatsServer,
    },
  })),
);

export default defineConfig({
  ssr: { resolve: { conditions: ['@tidings/source', ...defaultServerConditions] } },
  test: {
    // Tests wait for servers and elections more than they compute: more of them at once than there are cores.
    maxWorkers: 3,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    reporters: ['default', './scripts/plain-summary-reporter.mjs'],
    projects: [
      ...workspaces.map((root) => ({
        extends: true as const,
        root,
        test: {
          name: root.split('/')[1] as string,
          include: ['test/**/*.test.ts'],
          ...(NEEDS_NATS_SERVER.has(root) ? withNatsServer : {}),
        },
      })),
      ...overOtherTransports,
      ...['h2c', 'tls'].map((transport) => ({
        extends: true as const,
        test: {
          name: `journey-${transport}`,
          include: ['test/journey.test.ts'],
          testTimeout: 90_000,
          env: { TEST_TRANSPORT: transport },
          ...withNatsServer,
        },
      })),
      {
        extends: true as const,
        root: 'loadtest',
        test: { name: 'loadtest', include: ['test/**/*.test.ts'] },
      },
      {
        extends: true as const,
        test: { name: 'tidings', include: ['test/**/*.test.ts'], testTimeout: 90_000, ...withNatsServer },
      },
    ],
  },
});
