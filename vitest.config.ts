import { fileURLToPath } from 'node:url';
import { defaultServerConditions } from 'vite';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { WaitingFirst } from './test/waiting-first.sequencer.ts';

// Every workspace is run from its sources: the condition must stand under `ssr.resolve`, and each project must extend
// this file, or the tests would silently run a stale dist.
const workspaces = [
  'packages/protocol',
  'packages/runtime',
  'packages/auth',
  'packages/broker',
  'packages/control',
  'packages/sdk',
  'packages/cli',
  'services/ingest',
  'services/edge',
  'services/hub',
];

// Files of a project share what they import: to load it anew for each would take more than a third of the time. None keeps
// anything of its own in a module. Those that replace modules are a project apart, where each file has its own.
const SHARED_MODULES = { isolate: false } as const;
const REPLACES_MODULES = ['test/nats/feed-repair.test.ts'];

/** Tests with a real nats-server: one is found, or installed, before they begin. */
const withNatsServer = {
  globalSetup: fileURLToPath(new URL('./test/find-nats-server.setup.ts', import.meta.url)),
};
const NEEDS_NATS_SERVER = new Set([
  'packages/broker',
  'packages/sdk',
  'packages/cli',
  'services/ingest',
  'services/edge',
  'services/hub',
]);

// Tests that meet the wire. `npm test` runs no others over HTTP/2 and TLS, or it would take more than five minutes on two
// cores; of those that start processes only the hub's, over TLS. `npm run test:long` runs them all, and the journey.
const ON_THE_WIRE = {
  h2c: {
    edge: ['stream-route'],
    hub: ['hub'],
  },
  // What differs from the above: the handshake, the choice of a protocol, and a socket that encrypts.
  tls: {
    edge: ['delivery'],
    hub: ['hub'],
  },
};

/**
 * The services' tests once more, for clients of HTTP/2 with prior knowledge and of TLS:
 * `packages/runtime/src/testing/transport.ts` reads the variable. One project for each transport, since every project
 * starts processes of its own, which load the services anew.
 */
export function overOtherTransports(which: 'on the wire' | 'all'): TestProjectInlineConfiguration[] {
  return Object.entries(ON_THE_WIRE).map(([transport, services]) => {
    const chosen = Object.entries(services).flatMap(([service, names]) =>
      names.map((name) => `services/${service}/test/${name}.test.ts`),
    );
    return {
      extends: true as const,
      test: {
        name: transport,
        include: which === 'all' ? ['services/{ingest,edge,hub}/test/**/*.test.ts'] : chosen,
        env: { TEST_TRANSPORT: transport },
        ...SHARED_MODULES,
        ...withNatsServer,
      },
    };
  });
}

export default defineConfig({
  ssr: { resolve: { conditions: ['@tidings/source', ...defaultServerConditions] } },
  test: {
    // Tests wait for servers and elections more than they compute: more of them at once than there are cores.
    maxWorkers: 4,
    sequence: { sequencer: WaitingFirst },
    setupFiles: [fileURLToPath(new URL('./test/no-secret-in-logs.setup.ts', import.meta.url))],
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
          exclude: root === 'packages/broker' ? REPLACES_MODULES : [],
          ...SHARED_MODULES,
          ...(NEEDS_NATS_SERVER.has(root) ? withNatsServer : {}),
        },
      })),
      {
        extends: true as const,
        root: 'packages/broker',
        test: { name: 'broker-replaced', include: REPLACES_MODULES },
      },
      ...overOtherTransports('on the wire'),
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
