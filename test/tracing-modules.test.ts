import { buildWorkspace, startServiceProcess } from '@tidings/runtime/testing';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startTraceCollector } from './trace-collector.ts';

beforeAll(() => buildWorkspace('services/hub'));

// Tells of every file that is loaded as a module: the first of a package is one, whatever it loads by itself.
const HOOKS = 'export async function load(url, context, next) { console.error(url); return next(url, context); }';
const REGISTER = `import { register } from 'node:module'; register(${JSON.stringify(`data:text/javascript,${HOOKS}`)});`;
const NODE_OPTIONS = `--import=data:text/javascript;base64,${Buffer.from(REGISTER).toString('base64')}`;

/** What a hub loads of OpenTelemetry until it listens. */
async function loadedBy(traces: 'on' | 'off'): Promise<string[]> {
  const collector = await startTraceCollector();
  const hub = startServiceProcess('services/hub', {
    NODE_OPTIONS,
    TIDINGS_TRACES: traces,
    TIDINGS_JWT_SECRET: 'a secret of this test that is 32 bytes or longer',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  });
  onTestFinished(async () => {
    hub.signal('SIGKILL');
    await hub.exited;
    await collector.close();
  });
  await hub.listening();
  const loaded = hub.stderr().split('\n');
  expect(loaded.some((line) => line.endsWith('packages/tracing/dist/open-tracing.js'))).toBe(true);
  return loaded.flatMap((line) => /(@opentelemetry\/[\w-]+|tracing\/dist\/otel\/[\w-]+)/.exec(line)?.[1] ?? []);
}

describe('a hub as a process', () => {
  test('loads nothing of OpenTelemetry where tracing is off, and all of it where it is on', async () => {
    const [off, on] = await Promise.all([loadedBy('off'), loadedBy('on')]);
    expect(off).toEqual([]);
    expect(on).toEqual(expect.arrayContaining(['@opentelemetry/sdk-trace', 'tracing/dist/otel/open-telemetry']));
  });
});
