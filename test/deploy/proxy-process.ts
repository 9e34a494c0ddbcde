import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort, TEST_CERTIFICATE } from '@tidings/runtime/testing';
import { expect, vi } from 'vitest';
import { findProgram } from '../../scripts/programs/find.mjs';
import { ROOT } from '../hub-process.ts';
import { ADDRESSES, type ProxiedSite } from './proxied-site.ts';
import { connectProxy } from './proxy-connection.ts';

export type ProxyName = 'nginx' | 'haproxy' | 'caddy' | 'envoy';

interface Proxy {
  /** In deploy/proxies. */
  readonly file: string;
  readonly args: (file: string, folder: string) => readonly string[];
}

const PROXIES: Readonly<Record<ProxyName, Proxy>> = {
  nginx: { file: 'nginx.conf', args: (file, folder) => ['-p', folder, '-c', file, '-g', 'daemon off;'] },
  haproxy: { file: 'haproxy.cfg', args: (file) => ['-db', '-f', file] },
  caddy: { file: 'Caddyfile', args: (file) => ['run', '--adapter', 'caddyfile', '--config', file] },
  // Others may run on the machine.
  envoy: { file: 'envoy.yaml', args: (file) => ['--use-dynamic-base-id', '--log-level', 'warning', '-c', file] },
};

/** What a configuration names of a site. */
type ProxySite = Pick<ProxiedSite, 'port' | 'adminPort'>;

/** A proxy that runs from its file in deploy/proxies. */
export interface ProxyProcess {
  /** `https://127.0.0.1:<port>` */
  readonly url: string;
  /** Everything it wrote. */
  output(): string;
  stop(): Promise<void>;
}

/**
 * The file as a user copies it, with the addresses, the ports and the place of the certificate of a test, and nothing else changed.
 */
function configure(file: string, site: ProxySite, port: number, folder: string): string {
  const replaced: readonly (readonly [part: string, by: string])[] = [
    ...Object.entries(ADDRESSES),
    ['8080', `${site.port}`],
    ...(file === 'nginx.conf' ? [] : [['9090', `${site.adminPort}`] as const]),
    ['443', `${port}`],
    ['/etc/tidings/tls', folder],
  ];
  const given = readFileSync(join(ROOT, 'deploy/proxies', file), 'utf8');
  return replaced.reduce((text, [part, by]) => {
    const word = new RegExp(`(?<![\\w.])${part}(?![\\w.])`, 'g');
    expect(text, `${file} names it`).toMatch(word);
    return text.replaceAll(word, by);
  }, given);
}

/** Starts one before the services of a site; resolves once it takes requests to each edge. Whoever starts it stops it. */
export async function startProxy(name: ProxyName, site: ProxySite): Promise<ProxyProcess> {
  const { file, args } = PROXIES[name];
  const [program, port] = await Promise.all([findProgram(name), findFreePort()]);
  const folder = mkdtempSync(join(tmpdir(), `tidings-${name}-`));
  // Workers of nginx are not who started it.
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, 'tls.crt'), TEST_CERTIFICATE.cert);
  writeFileSync(join(folder, 'tls.key'), TEST_CERTIFICATE.key, { mode: 0o600 });
  writeFileSync(join(folder, file), configure(file, site, port, folder));
  const child = spawn(program, args(join(folder, file), folder), {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder },
    // Of its own group, so that what it starts ends with it.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const pipe of [child.stdout, child.stderr]) {
    pipe.on('data', (bytes) => {
      output += bytes;
    });
  }
  const closed = once(child, 'close');
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    await closed;
    rmSync(folder, { recursive: true, force: true });
  };
  const url = `https://127.0.0.1:${port}`;
  try {
    await reachesEdges(url, () => child.exitCode !== null);
  } catch (error) {
    await stop();
    throw new Error(`${name} did not start: ${(error as Error).message}\n${output}`);
  }
  return { url, output: () => output, stop };
}

async function reachesEdges(url: string, hasEnded: () => boolean): Promise<void> {
  const look = async (): Promise<void> => {
    if (hasEnded()) return;
    const connection = await connectProxy(url);
    const { status } = await connection.ask('/openapi.json').finally(() => connection.close());
    expect(status).toBe(200);
  };
  await vi.waitFor(look, { timeout: 15_000, interval: 20 });
  if (hasEnded()) throw new Error('it has ended');
}
