import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createMetrics, VARIABLES } from '@tidings/runtime';
import { TEST_CERTIFICATE, toTlsVariables, writeCertificate } from '@tidings/runtime/testing';
import { runCommand } from 'citty';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CHECKS } from '../src/doctor/checks.ts';
import { doctorCommand } from '../src/doctor/command.ts';
import { deploymentOf } from '../src/doctor/deployment.ts';
import { toText } from '../src/doctor/report.ts';
import { ORIGIN, startDeployment } from './deployment-fixture.ts';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const PAGE = fileURLToPath(new URL('../../../docs/operations/doctor.md', import.meta.url));
const SOURCES = fileURLToPath(new URL('../src/doctor', import.meta.url));

function run(words: readonly string[], env: NodeJS.ProcessEnv): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...words], { env: { PATH: process.env.PATH, ...env } }, (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), out, err }),
    );
  });
}

describe('tidings doctor', () => {
  test('passes a hub that speaks TLS, prints JSON, and never the token', async () => {
    const certificate = writeCertificate(TEST_CERTIFICATE);
    const hub = await startDeployment(toTlsVariables(certificate));
    onTestFinished(async () => {
      await hub.stop();
      certificate.remove();
    });
    const env = { TIDINGS_URL: hub.url, TIDINGS_TOKEN: hub.token, NODE_EXTRA_CA_CERTS: certificate.certFile };
    const { code, out } = await run(['doctor', '--quick', '--json', '--origin', ORIGIN], env);
    expect(code).toBe(0);
    expect(out).not.toContain(hub.token);
    const report = JSON.parse(out);
    expect(report).toMatchObject({ url: hub.url, ok: true, edges: [expect.stringMatching(/^\w{8}$/)] });
    const statusOf = (id: string): string =>
      report.findings.find(({ check }: { check: string }) => check === id).status;
    expect(['tls', 'http2', 'delivery', 'resume', 'cors'].map(statusOf)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);

    // Without the authority that it is signed by, it says so, and looks no further.
    const { NODE_EXTRA_CA_CERTS: _, ...untrusting } = env;
    const refused = await run(['doctor', '--quick'], untrusting);
    expect(refused.code).toBe(1);
    expect(refused.out).toMatch(/^failed +tls +The certificate of 127\.0\.0\.1:\d+ is not trusted: \w+\.\n +Fix: /m);
    expect(refused.out).toMatch(/\n18 checks: 1 ok, 0 with a warning, 1 failed, 16 skipped\.\n$/);
  });

  test.each([
    [['--heartbet', '5'], 'There is no option --heartbet.'],
    [['https://events.example.com'], '"https://events.example.com" belongs to no option.'],
    [['--heartbeat', 'often'], '--heartbeat is a number from 1 to 60.'],
    [['--url', 'events.example.com'], '--url is a URL such as https://events.example.com.'],
    [['--url', 'https://a.example/?access_token=x'], '--url is a URL without user and query.'],
    [['--origin', 'https://a.example/path'], '--origin is an origin such as https://app.example.com.'],
    [['--token-file', '/nowhere'], expect.stringContaining("--token-file can't be read")],
  ])('refuses %j as misuse of the command line', async (rawArgs, message) => {
    await expect(runCommand(doctorCommand, { rawArgs })).rejects.toMatchObject({ name: 'CLIError', message });
  });

  test('takes what an option says before the environment, and the edge for the ingest', () => {
    const env = { TIDINGS_URL: 'https://env.example/', TIDINGS_TOKEN: 'env', TIDINGS_PUBLISH_TOKEN: 'publish' };
    expect(deploymentOf({}, env)).toEqual({
      url: 'https://env.example',
      ingestUrl: 'https://env.example',
      token: 'env',
      publishToken: 'publish',
    });
    const given = { url: 'http://[::1]:8080/hub/', 'ingest-url': 'http://b.example', token: 'given' };
    expect(deploymentOf(given, { TIDINGS_TOKEN: 'env' })).toEqual({
      url: 'http://[::1]:8080/hub',
      ingestUrl: 'http://b.example',
      token: 'given',
      publishToken: 'given',
    });
  });

  test('puts what to fix under what was seen', () => {
    const text = toText({ check: 'clock', findings: [{ status: 'warning', says: 'It is late.', fix: 'Set it.' }] });
    expect(text).toBe(`warning  clock             It is late.\n${' '.repeat(27)}Fix: Set it.`);
  });
});

describe('what it says', () => {
  test('the page has a section for every check, in the order in which they run', () => {
    const sections = [...readFileSync(PAGE, 'utf8').matchAll(/^### `([\w-]+)`$/gm)].map(([, id]) => id);
    expect(sections).toEqual(CHECKS.map(({ id }) => id));
  });

  test('what a check needs comes before it', () => {
    for (const [place, { needs }] of CHECKS.entries()) {
      const before = CHECKS.slice(0, place).map(({ id }) => id);
      expect(before).toEqual(expect.arrayContaining([...needs]));
    }
  });

  test('names only variables, metrics and options that exist', async () => {
    const texts = [
      PAGE,
      ...readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => join(SOURCES, name)),
    ].map((path) => readFileSync(path, 'utf8'));
    const ofCommand = ['TIDINGS_URL', 'TIDINGS_INGEST_URL', 'TIDINGS_TOKEN', 'TIDINGS_PUBLISH_TOKEN'];
    const variables = new Set([...VARIABLES.map(({ name }) => name), ...ofCommand]);
    const metrics = await createMetrics().text();
    for (const text of texts) {
      for (const [name] of text.matchAll(/\bTIDINGS_[A-Z_]+\b/g)) expect(variables, name).toContain(name);
      for (const [name] of text.matchAll(/\b(tidings|nodejs)_[a-z0-9_]+\b/g)) expect(metrics).toContain(name);
    }
  });
});
