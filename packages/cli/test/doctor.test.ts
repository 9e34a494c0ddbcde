import { constants, createGzip } from 'node:zlib';
import { systemClock } from '@tidings/runtime';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { CHECKS } from '../src/doctor/checks.ts';
import { type Diagnosis, examine } from '../src/doctor/examine.ts';
import type { Finding } from '../src/doctor/finding.ts';
import type { DoctorOptions } from '../src/doctor/probe.ts';
import { exitCodeOf } from '../src/doctor/report.ts';
import { createFastClock, ORIGIN, startDeployment, type TestDeployment } from './deployment-fixture.ts';
import { createBuffer, createProxy, type Meddling } from './proxy.ts';

// Of the hub: its heartbeats, 5 s apart by its own clock, come every quarter of a second.
const FASTER = 20;
const HEARTBEAT_MS = 250;

let hub: TestDeployment;
beforeAll(async () => {
  hub = await startDeployment({}, createFastClock(FASTER));
});
afterAll(() => hub.stop());

// For tests in which something is held back, and waited for in vain.
const SHORT: Asked = { patience: { answerMs: 10_000, heldMs: 250, slowMs: 5_000 } };

interface Asked extends Partial<DoctorOptions> {
  readonly url?: string;
  readonly token?: string | undefined;
  readonly publishToken?: string | undefined;
}

async function diagnose({ url = hub.url, token, publishToken, ...options }: Asked = {}): Promise<Diagnosis> {
  return examine({
    deployment: { url, ingestUrl: url, token: token ?? hub.token, publishToken: publishToken ?? token ?? hub.token },
    topic: undefined,
    origin: undefined,
    heartbeatMs: undefined,
    patience: { answerMs: 10_000, heldMs: 5_000, slowMs: 5_000 },
    clock: systemClock,
    ...options,
  });
}

async function through(meddling: Meddling, asked: Asked = {}): Promise<Diagnosis> {
  const proxy = await createProxy(hub.url, meddling);
  onTestFinished(() => proxy.close());
  return diagnose({ url: proxy.url, ...asked });
}

/** What is not as it should be. */
const faultsOf = ({ examined }: Diagnosis): string[] =>
  examined.filter(({ findings }) => findings.some(({ fix }) => fix !== undefined)).map(({ check }) => check);

function findingOf({ examined }: Diagnosis, check: string): Finding {
  const finding = examined.find((done) => done.check === check)?.findings[0];
  if (finding === undefined) throw new Error(`${check} was not looked at`);
  return finding;
}

describe('a hub that is asked directly', () => {
  test('passes every check that there is to do', async () => {
    const diagnosis = await diagnose({ origin: ORIGIN, heartbeatMs: HEARTBEAT_MS });
    expect(diagnosis.examined.map(({ check }) => check)).toEqual(CHECKS.map(({ id }) => id));
    expect(diagnosis.examined.filter(({ findings }) => findings.some(({ status }) => status !== 'ok'))).toEqual([
      { check: 'http2', findings: [{ status: 'skipped', says: 'Browsers use HTTP/2 over TLS alone.' }] },
      { check: 'resume-elsewhere', findings: [{ status: 'skipped', says: 'Only one edge was seen: see edges.' }] },
    ]);
    expect(exitCodeOf(diagnosis)).toBe(0);
    expect(diagnosis.edges).toHaveLength(1);
  });
});

describe('a proxy in front', () => {
  test('that buffers 16 KB is named, by what it holds back, and what to set', async () => {
    const diagnosis = await through({ body: () => createBuffer(16_384) }, SHORT);
    expect(findingOf(diagnosis, 'stream')).toMatchObject({
      status: 'failed',
      fix: expect.stringContaining('proxy_buffering off'),
    });
    const delivery = findingOf(diagnosis, 'delivery');
    expect(delivery.says).toMatch(/came once some (16|24) KB had collected behind it: a proxy buffers the stream/);
    expect(delivery.fix).toContain('proxy_buffering off');
    expect(faultsOf(diagnosis)).toEqual(['stream', 'delivery']);
    expect(exitCodeOf(diagnosis)).toBe(1);
  });

  test('that takes headers away and compresses, with every flush, is named for each', async () => {
    const diagnosis = await through({
      head: ({ 'cache-control': _, 'tidings-session': __, 'content-length': ___, ...rest }) => ({
        ...rest,
        'content-encoding': 'gzip',
      }),
      body: () => createGzip({ flush: constants.Z_SYNC_FLUSH }),
    });
    const { findings = [] } = diagnosis.examined.find(({ check }) => check === 'headers') ?? {};
    expect(findings.map(({ status, says }) => [status, says.split(' ')[0]])).toEqual([
      ['failed', 'The'],
      ['warning', 'Cache-Control'],
      ['warning', 'Tidings-Session'],
    ]);
    expect(findings[0]?.says).toContain('Content-Encoding: gzip');
    expect(faultsOf(diagnosis)).toEqual(['headers']);
  });

  test('that compresses without flushing is named by what it holds back', async () => {
    const gzip: Meddling = {
      head: ({ 'content-length': _, ...rest }) => ({ ...rest, 'content-encoding': 'gzip' }),
      body: () => createGzip(),
    };
    const diagnosis = await through(gzip, SHORT);
    expect(findingOf(diagnosis, 'delivery').says).toContain('buffers');
    expect(findingOf(diagnosis, 'stream').fix).toContain('no compression');
  });

  test('that keeps the cursor of a client to itself is named', async () => {
    const diagnosis = await through({ ask: ({ 'last-event-id': _, ...rest }) => rest });
    expect(findingOf(diagnosis, 'resume').fix).toContain('Last-Event-ID');
    expect(faultsOf(diagnosis)).toEqual(['resume']);
  });

  test('that cuts quiet connections before a heartbeat is named, with its timeout', async () => {
    const diagnosis = await through({ idleMs: 120 }, { heartbeatMs: HEARTBEAT_MS });
    const heartbeat = findingOf(diagnosis, 'heartbeat');
    expect(heartbeat.says).toMatch(/^The connection was cut after 1\d\d ms of silence/);
    expect(heartbeat.fix).toContain('proxy_read_timeout');
  });

  test('that has a page of its own for errors is named', async () => {
    const diagnosis = await through({ errorPage: true });
    expect(findingOf(diagnosis, 'edge')).toMatchObject({
      status: 'failed',
      says: expect.stringContaining('from "nginx"'),
    });
  });

  test('whose clock is ahead is named, and a token that would have ended by it', async () => {
    const ahead: Meddling['head'] = (headers) => ({ ...headers, date: new Date(Date.now() + 60_000).toUTCString() });
    const token = await hub.mint({ subscribe: ['>'], publish: ['>'] }, 30);
    const diagnosis = await through({ head: ahead }, { token });
    expect(findingOf(diagnosis, 'clock').says).toMatch(/^The clock there is (59|60) s ahead/);
    expect(findingOf(diagnosis, 'token').fix).toContain('NTP');
    expect(faultsOf(diagnosis)).toEqual(['clock', 'token']);
  });

  test('that refuses large bodies is named, and answers CORS in its own way too', async () => {
    const head: Meddling['head'] = (headers) => ({ ...headers, 'access-control-allow-origin': '*' });
    const diagnosis = await through({ mostBodyBytes: 1_000_000, head }, { origin: ORIGIN });
    expect(findingOf(diagnosis, 'body-size').fix).toContain('client_max_body_size 8m');
    expect(findingOf(diagnosis, 'cors').fix).toContain('Let Tidings alone answer');
  });
});

describe('what the caller gives', () => {
  test('a token that may only subscribe leaves out what needs publishing, and says why', async () => {
    const token = await hub.mint({ subscribe: ['>'] });
    const diagnosis = await diagnose({ token });
    expect(findingOf(diagnosis, 'delivery')).toMatchObject({
      status: 'skipped',
      says: expect.stringContaining('--publish-token'),
    });
    expect(findingOf(diagnosis, 'resume').status).toBe('skipped');
    expect(exitCodeOf(diagnosis)).toBe(0);
  });

  test('a token that grants other topics fails at the stream, and names --topic', async () => {
    const token = await hub.mint({ subscribe: ['orders.*'] });
    expect(findingOf(await diagnose({ token }), 'stream').fix).toContain('--topic');
    expect(findingOf(await diagnose({ token, topic: 'orders.doctor' }), 'stream').status).toBe('ok');
  });

  test('an origin that is not allowed fails with the variable to set', async () => {
    const diagnosis = await diagnose({ origin: 'https://other.example' });
    expect(findingOf(diagnosis, 'cors').fix).toContain('TIDINGS_ALLOWED_ORIGINS');
    expect(faultsOf(diagnosis)).toEqual(['cors']);
  });

  test('an address where nobody listens is 69, and nothing else is looked at', async () => {
    const proxy = await createProxy(hub.url, {});
    proxy.close();
    const diagnosis = await diagnose({ url: proxy.url });
    expect(findingOf(diagnosis, 'address').says).toContain('ECONNREFUSED');
    expect(diagnosis.examined.slice(1).every(({ findings }) => findings[0]?.status === 'skipped')).toBe(true);
    expect(exitCodeOf(diagnosis)).toBe(69);
  });
});
