import { fileURLToPath } from 'node:url';
import { defaultServerConditions } from 'vite';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { WaitingFirst } from './test/waiting-first.sequencer.ts';

// Files share what they import: to load it anew for each, or for each workspace, would take a quarter of the time. None keeps
// anything of its own in a module. Those that replace modules are a project apart, where each file has its own.
const SHARED_MODULES = { isolate: false } as const;
const REPLACES_MODULES = ['packages/broker/test/nats/feed-repair.test.ts'];

/** A real nats-server is found, or installed, before the tests begin. */
const withNatsServer = {
  globalSetup: fileURLToPath(new URL('./test/find-nats-server.setup.ts', import.meta.url)),
};

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

// As Node resolves packages: `module` is a bundler's, and stands for files that Node can't load.
const CONDITIONS = ['@tidings/source', ...defaultServerConditions.filter((condition) => condition !== 'module')];

// Every workspace is run from its sources: the condition must stand under `ssr.resolve`, and each project must extend this
// file, or the tests would silently run a stale dist.
export default defineConfig({
  ssr: { resolve: { conditions: CONDITIONS } },
  test: {
    // Tests wait for servers and elections more than they compute: more of them at once than there are cores.
    maxWorkers: 4,
    sequence: { sequencer: WaitingFirst },
    setupFiles: [fileURLToPath(new URL('./test/no-secret-in-logs.setup.ts', import.meta.url))],
    // For what hangs, and not for what is slow: others may be at work on the same machine.
    testTimeout: 90_000,
    hookTimeout: 60_000,
    reporters: ['default', './scripts/plain-summary-reporter.mjs'],
    projects: [
      {
        extends: true,
        test: {
          name: 'tidings',
          include: ['{packages,services}/*/test/**/*.test.ts', '{loadtest/,}test/**/*.test.ts'],
          exclude: REPLACES_MODULES,
          ...SHARED_MODULES,
          ...withNatsServer,
        },
      },
      { extends: true, test: { name: 'replaced-modules', include: REPLACES_MODULES } },
      ...overOtherTransports('on the wire'),
    ],
  },
});
