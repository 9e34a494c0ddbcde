import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { constants, createGzip } from 'node:zlib';
import { startNatsServer } from '@tidings/broker/testing';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../runtime/src/clock.ts';
import { toTlsVariables, writeCertificate } from '../../runtime/src/testing/certificate-files.ts';
import { TEST_CERTIFICATE } from '../../runtime/src/testing/test-certificate.ts';
import type { Deployment } from '../src/deployment.ts';
import { CHECKS } from '../src/doctor/checks.ts';
import { type Diagnosis, examine } from '../src/doctor/examine.ts';
import type { Finding } from '../src/doctor/finding.ts';
import type { DoctorOptions } from '../src/doctor/probe.ts';
import { exitCodeOf } from '../src/doctor/report.ts';
import { mint, ORIGIN, startHubHost, type TestHub } from './deployment-fixture.ts';
import { createBalancer, createBuffer, createProxy, type Meddling } from './proxy.ts';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
// Of the hub: its heartbeats, 5 s apart by its own clock, come every half second.
const FASTER = 10;
const HEARTBEAT_MS = 500;
// For tests in which something is held back, and waited for in vain.
const SHORT = { patience: { answerMs: 10_000, heldMs: 250, slowMs: 5_000 } };

const host = startHubHost();
let hub: TestHub;
beforeAll(async () => {
  hub = await host.start({}, FASTER);
});
afterAll(() => host.stop());

function diagnose(deployment: Partial<Deployment>, options: Partial<DoctorOptions> = {}): Promise<Diagnosis> {
  const { url = hub.url, ingestUrl = url, token = hub.token, publishToken = token } = deployment;
  return examine({
    deployment: { url, ingestUrl, token, publishToken },
    topic: undefined,
    origin: undefined,
    heartbeatMs: undefined,
    patience: { answerMs: 10_000, heldMs: 5_000, slowMs: 5_000 },
    clock: systemClock,
    ...options,
  });
}

async function through(
  meddling: Meddling,
  options: Partial<DoctorOptions> = {},
  token = hub.token,
): Promise<Diagnosis> {
  const proxy = await createProxy(hub.url, meddling);
  onTestFinished(() => proxy.close());
  return diagnose({ url: proxy.url, token }, options);
}

/** The checks that tell to fix something. */
const faultsOf = ({ examined }: Diagnosis): string[] =>
  examined.filter(({ findings }) => findings.some(({ fix }) => fix !== undefined)).map(({ check }) => check);

const findingsOf = ({ examined }: Diagnosis, check: string): readonly Finding[] =>
  examined.find((done) => done.check === check)?.findings ?? [];

/** The first of a check, as one line. */
function lineOf(diagnosis: Diagnosis, check: string): string {
  const { status, says, fix } = findingsOf(diagnosis, check)[0] ?? { status: 'not looked at', says: '' };
  return `${status}: ${says} => ${fix ?? 'nothing'}`;
}

describe('a hub that is asked directly', { timeout: 60_000 }, () => {
  test('passes every check that there is to do', async () => {
    const diagnosis = await diagnose({}, { origin: ORIGIN, heartbeatMs: HEARTBEAT_MS });
    expect(diagnosis.examined.map(({ check }) => check)).toEqual(CHECKS.map(({ id }) => id));
    expect(diagnosis.examined.filter(({ findings }) => findings.some(({ status }) => status !== 'ok'))).toEqual([
      { check: 'http2', findings: [{ status: 'skipped', says: 'Browsers use HTTP/2 over TLS alone.' }] },
      { check: 'resume-elsewhere', findings: [{ status: 'skipped', says: 'Only one edge was seen: see edges.' }] },
    ]);
    expect(exitCodeOf(diagnosis)).toBe(0);
    expect(diagnosis.edges).toHaveLength(1);
  });

  test('over TLS passes as a command, which prints JSON and never the token', async () => {
    const certificate = writeCertificate(TEST_CERTIFICATE);
    onTestFinished(() => certificate.remove());
    const { url, token } = await host.start(toTlsVariables(certificate));
    const env = {
      PATH: process.env.PATH,
      TIDINGS_URL: url,
      TIDINGS_TOKEN: token,
      NODE_EXTRA_CA_CERTS: certificate.certFile,
    };
    const out = await new Promise<string>((resolve, reject) => {
      // It rejects for any exit code but 0.
      execFile(process.execPath, [MAIN, 'doctor', '--quick', '--json'], { env }, (error, text) =>
        error ? reject(error) : resolve(text),
      );
    });
    expect(out).not.toContain(token);
    const report = JSON.parse(out);
    expect(report).toMatchObject({ url, ok: true, edges: [expect.stringMatching(/^\w{8}$/)] });
    const statusOf = (id: string): string =>
      report.findings.find(({ check }: { check: string }) => check === id).status;
    expect(['tls', 'http2', 'delivery', 'resume'].map(statusOf)).toEqual(['ok', 'ok', 'ok', 'ok']);

    // Whoever does not trust the authority is told so, and looked at no further.
    const untrusting = await diagnose({ url });
    expect(lineOf(untrusting, 'tls')).toMatch(/^failed: .* is not trusted: \w+\. => /);
    expect(exitCodeOf(untrusting)).toBe(1);
    expect(lineOf(untrusting, 'edge')).toContain('skipped: It needs what tls looks at.');
  });
});

describe('a proxy in front', () => {
  test('that buffers 16 KB is named, by what it holds back, and what to set', async () => {
    const diagnosis = await through({ body: () => createBuffer(16_384) }, { ...SHORT, origin: ORIGIN });
    expect(lineOf(diagnosis, 'stream')).toMatch(/^failed: Nothing of the stream .* => .*proxy_buffering off/);
    expect(lineOf(diagnosis, 'delivery')).toMatch(
      /came once some \d+ KB had collected behind it: a proxy buffers the stream\. => .*proxy_buffering off/,
    );
    expect(faultsOf(diagnosis)).toEqual(['stream', 'delivery']);
    expect(exitCodeOf(diagnosis)).toBe(1);
  });

  test('that does much wrong is named for each of it', async () => {
    const token = await mint({ subscribe: ['>'], publish: ['>'] }, 30);
    const diagnosis = await through(
      {
        ask: ({ 'last-event-id': _, ...headers }) => headers,
        head: ({ 'cache-control': _, 'tidings-session': __, 'content-length': ___, ...headers }) => ({
          ...headers,
          'content-encoding': 'gzip',
          date: new Date(Date.now() + 60_000).toUTCString(),
          'access-control-allow-origin': '*',
        }),
        body: () => createGzip({ flush: constants.Z_SYNC_FLUSH }),
        mostBodyBytes: 1_000_000,
      },
      { origin: ORIGIN },
      token,
    );
    expect(faultsOf(diagnosis)).toEqual(['clock', 'token', 'headers', 'body-size', 'resume', 'cors']);
    // By `hub.hello`, since the header is gone.
    expect(diagnosis.edges).toHaveLength(1);
    expect(lineOf(diagnosis, 'clock')).toMatch(/^failed: The clock there is (59|60) s ahead/);
    expect(lineOf(diagnosis, 'token')).toMatch(/^failed: The token ended .* => .*NTP/);
    expect(
      findingsOf(diagnosis, 'headers').map(({ status, says }) => [status, says.split(' ').slice(0, 3).join(' ')]),
    ).toEqual([
      ['failed', 'The stream is'],
      ['warning', 'Cache-Control arrives as'],
      ['warning', 'Tidings-Session does not'],
    ]);
    expect(lineOf(diagnosis, 'body-size')).toContain('client_max_body_size 8m');
    expect(lineOf(diagnosis, 'resume')).toContain('Let the request header Last-Event-ID through');
    expect(lineOf(diagnosis, 'cors')).toContain('Let Tidings alone answer');
  });

  test('that cuts quiet connections before a heartbeat is named, with its timeout', async () => {
    const diagnosis = await through({ idleMs: 120 }, { heartbeatMs: HEARTBEAT_MS });
    expect(lineOf(diagnosis, 'heartbeat')).toMatch(
      /^failed: The connection was cut after \d+ ms of silence.* => .*proxy_read_timeout/,
    );
  });

  test('that has a page of its own for errors is named, and nothing behind it is looked at', async () => {
    const diagnosis = await through({ errorPage: true });
    expect(lineOf(diagnosis, 'edge')).toMatch(
      /^failed: .*401 with text\/html from "nginx"\. => .*proxy_intercept_errors off/,
    );
    expect(faultsOf(diagnosis)).toEqual(['edge', 'ingest']);
  });
});

describe('several edges', { timeout: 60_000 }, () => {
  test('on one log are all found, and a client that was cut on one comes back exactly on the other', async () => {
    const server = await startNatsServer();
    onTestFinished(() => server.remove());
    const env = { TIDINGS_NATS_URL: server.url };
    // The first makes the stream, the second finds it.
    const { url, close } = await createBalancer([(await host.start(env)).url, (await host.start(env)).url]);
    const diagnosis = await diagnose({ url });
    close();
    expect(diagnosis.edges).toHaveLength(2);
    expect(lineOf(diagnosis, 'edges')).toContain(`2 edges were seen in 12 tries: ${diagnosis.edges.join(', ')}.`);
    expect(lineOf(diagnosis, 'resume-elsewhere')).toMatch(
      /^ok: A resume from edge (\w{8}) on edge (?!\1)\w{8} brought all 6 events, once and in order\./,
    );
  });

  test('an ingest that has another log than the edge is found out', async () => {
    const { url } = await host.start();
    const diagnosis = await diagnose({ ingestUrl: url }, SHORT);
    expect(faultsOf(diagnosis)).toEqual(['delivery']);
    expect(lineOf(diagnosis, 'delivery')).toMatch(
      /stands in another log than the stream is of.* => .*TIDINGS_NATS_URL/,
    );
  });
});

describe('what the caller gives', () => {
  test('a token that may only subscribe leaves out what needs publishing, and an origin that is not allowed is told', async () => {
    const token = await mint({ subscribe: ['>'] });
    const diagnosis = await diagnose({ token }, { origin: 'https://other.example' });
    expect(lineOf(diagnosis, 'delivery')).toMatch(/^skipped: The token may not publish to .*--publish-token/);
    expect(lineOf(diagnosis, 'resume')).toContain('skipped: It needs what delivery looks at.');
    expect(lineOf(diagnosis, 'cors')).toMatch(
      /^failed: .* => Set TIDINGS_ALLOWED_ORIGINS to a list with https:\/\/other\.example/,
    );
    expect(faultsOf(diagnosis)).toEqual(['cors']);
  });

  test('a token that grants other topics fails at the stream, and names --topic', async () => {
    const token = await mint({ subscribe: ['orders.*'] });
    expect(lineOf(await diagnose({ token }), 'stream')).toMatch(/^failed: .*403 forbidden.* => .*--topic/);
  });

  test('an address where nobody listens is 69, and nothing else is looked at', async () => {
    const { url, close } = await createBalancer([]);
    close();
    const diagnosis = await diagnose({ url });
    expect(lineOf(diagnosis, 'address')).toMatch(/^failed: .*ECONNREFUSED/);
    expect(diagnosis.examined.slice(1).every(({ findings }) => findings[0]?.status === 'skipped')).toBe(true);
    expect(exitCodeOf(diagnosis)).toBe(69);
  });
});
