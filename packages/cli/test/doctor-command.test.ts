import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createMetrics, VARIABLES } from '@tidings/runtime';
import { runCommand } from 'citty';
import { describe, expect, test } from 'vitest';
import { CHECKS } from '../src/doctor/checks.ts';
import { doctorCommand } from '../src/doctor/command.ts';
import { deploymentOf } from '../src/doctor/deployment.ts';
import { toText } from '../src/doctor/report.ts';

const PAGE = fileURLToPath(new URL('../../../docs/operations/doctor.md', import.meta.url));
const SOURCES = fileURLToPath(new URL('../src/doctor', import.meta.url));

describe('tidings doctor', () => {
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
