import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { buildWorkspace } from '@tidings/runtime/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from './hub-process.ts';

beforeAll(() => buildWorkspace('services/hub'));

// Tells of every file that is loaded as a module: the first of a package is one, whatever it loads by itself.
const HOOKS = 'export async function load(url, context, next) { process._rawDebug(url); return next(url, context); }';

// A hub as it is started by its main file, and then the tracing that it would have opened.
const SCRIPT = `
  import { register } from 'node:module';
  register(${JSON.stringify(`data:text/javascript,${HOOKS}`)});
  const { createLogger, createMetrics, loadSettings } = await import('./packages/runtime/dist/index.js');
  const { startHub } = await import('./services/hub/dist/hub.js');
  const log = createLogger('hub', 'silent');
  await startHub(loadSettings({ PORT: '0', TIDINGS_ADMIN_PORT: '0' }), log);
  process._rawDebug('the hub runs');
  const { openTracing } = await import('./packages/tracing/dist/index.js');
  await openTracing({ traces: 'on', tracesRatio: 1 }, 'hub', createMetrics(), log);
  process.exit(0);
`;

const ofOpenTelemetry = (urls = ''): string[] =>
  urls.split('\n').flatMap((url) => /(@opentelemetry\/[\w-]+|tracing\/dist\/otel\/[\w-]+)/.exec(url)?.[1] ?? []);

describe('the modules of a hub', () => {
  test('are none of OpenTelemetry where tracing is off, which is the default', async () => {
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', SCRIPT], { cwd: ROOT });
    const [off, on] = (await run).stderr.split('the hub runs\n');
    expect(off).toContain('packages/tracing/dist/open-tracing.js');
    expect(ofOpenTelemetry(off)).toEqual([]);
    // That it is seen where it is loaded.
    expect(ofOpenTelemetry(on)).toEqual(
      expect.arrayContaining(['@opentelemetry/sdk-trace', 'tracing/dist/otel/span-port']),
    );
  });
});
