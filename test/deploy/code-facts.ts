import { execFile } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { COMMAND_LINE_VARIABLES, createAdminServer, createMetrics, VARIABLES } from '@tidings/runtime';
import { ROOT } from '../hub-process.ts';

/** What the code knows, asked of the code itself; what the files of deploy/ say has to be among it. */
export interface CodeFacts {
  readonly variables: ReadonlySet<string>;
  /** Defaults of `PORT` and `TIDINGS_ADMIN_PORT`. */
  readonly ports: { readonly http: number; readonly admin: number };
  /** Paths that the admin port answers, of those that are asked for. */
  readonly probes: ReadonlySet<string>;
  /** Names as Prometheus sees them: `_bucket`, `_sum` and `_count` of a histogram are names too. */
  readonly metrics: ReadonlySet<string>;
  /** First words that the image understands. */
  readonly words: ReadonlySet<string>;
}

const execute = promisify(execFile);
const PATHS = ['/healthz', '/readyz', '/metrics', '/livez', '/health', '/ready'];

export async function readCodeFacts(): Promise<CodeFacts> {
  const portOf = (wanted: string): number => Number(VARIABLES.find(({ name }) => name === wanted)?.fallback);
  return {
    variables: new Set([...VARIABLES, ...COMMAND_LINE_VARIABLES].map(({ name }) => name)),
    ports: { http: portOf('PORT'), admin: portOf('TIDINGS_ADMIN_PORT') },
    probes: await answeredPaths(),
    metrics: await metricNames(),
    words: await imageWords(),
  };
}

async function answeredPaths(): Promise<Set<string>> {
  const well = { live: () => true, ready: () => true, detail: () => ({}) };
  const server = createAdminServer(createMetrics(), well).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const asked = await Promise.all(
    PATHS.map(async (path) => ((await fetch(`http://127.0.0.1:${port}${path}`)).ok ? [path] : [])),
  );
  server.close();
  server.closeAllConnections();
  return new Set(asked.flat());
}

async function metricNames(): Promise<Set<string>> {
  const text = await createMetrics().text();
  const kinds = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return new Set(
    kinds.flatMap(([, name = '', kind]) =>
      kind === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  );
}

/** The image says itself what it can run when it is asked for nothing. */
async function imageWords(): Promise<Set<string>> {
  const run = execute(process.execPath, [join(ROOT, 'deploy/image/start.mjs')]);
  const { stderr } = await run.catch((error: { stderr: string }) => error);
  const list = /^Say what to run: (.+)\.$/m.exec(stderr)?.[1] ?? '';
  return new Set(list.split(/, (?:or )?/).map((each) => each.split(' ')[0] ?? ''));
}
