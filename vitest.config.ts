import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';

// Every workspace is run from its sources: the condition must stand under `ssr.resolve`, and each project must extend
// this file, or the tests would silently run a stale dist.
const workspaces = [
  'packages/protocol',
  'packages/runtime',
  'packages/auth',
  'packages/broker',
  'services/ingest',
  'services/edge',
  'services/hub',
];

export default defineConfig({
  ssr: { resolve: { conditions: ['@tidings/source', ...defaultServerConditions] } },
  test: {
    testTimeout: 20_000,
    hookTimeout: 60_000,
    reporters: ['default', './scripts/plain-summary-reporter.mjs'],
    projects: [
      ...workspaces.map((root) => ({
        extends: true as const,
        root,
        test: { name: root.split('/')[1] as string, include: ['test/**/*.test.ts'] },
      })),
      { extends: true as const, test: { name: 'tidings', include: ['test/**/*.test.ts'], testTimeout: 90_000 } },
    ],
  },
});
