import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLogger } from '../../src/logger.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { Certificate } from '../../src/server/certificate.ts';
import { type HostedService, hostService } from '../../src/service-host.ts';
import { ConfigurationError, loadSettings } from '../../src/settings.ts';
import {
  createFakeClock,
  type FakeClock,
  OTHER_TEST_CERTIFICATE,
  TEST_CERTIFICATE,
  toTlsVariables,
  type WrittenCertificate,
  watchForLeaks,
  writeCertificate,
} from '../../src/testing/index.ts';

const LOOK_MS = 10_000;

interface SecureHost {
  readonly hosted: HostedService;
  readonly files: WrittenCertificate;
  readonly clock: FakeClock;
  readonly lines: Record<string, unknown>[];
  readonly port: number;
}

/** A service with a certificate in files; closed when the test has ended. */
async function start(): Promise<SecureHost> {
  const files = writeCertificate(TEST_CERTIFICATE);
  onTestFinished(() => files.remove());
  const clock = createFakeClock();
  const lines: Record<string, unknown>[] = [];
  const log = createLogger('test', 'debug', { write: (line) => void lines.push(JSON.parse(line)) });
  const hosted = await host(toTlsVariables(files), log, clock);
  onTestFinished(() => hosted.stop());
  return { hosted, files, clock, lines, port: Number(new URL(hosted.url).port) };
}

function host(tls: object, log = createLogger('test', 'silent'), clock = createFakeClock()): Promise<HostedService> {
  const settings = loadSettings({ PORT: '0', TIDINGS_ADMIN_PORT: '0', NODE_ENV: 'test', ...tls });
  const service = {
    health: { live: () => true, ready: () => true, detail: () => ({}) },
    closeGraceMs: 0,
    open: async () => () => new Response('here'),
    drain: async () => {},
    close: async () => {},
  };
  return hostService(service, settings, createMetrics(), log, clock);
}

/** Shakes hands with a port, whatever it shows; closed when the test has ended. */
async function shakeHands(port: number, ALPNProtocols = ['http/1.1']): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', ALPNProtocols, rejectUnauthorized: false });
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  return socket;
}

const servedBy = (socket: TLSSocket): string | undefined => socket.getPeerX509Certificate()?.fingerprint256;
const fingerprintOf = ({ cert }: Certificate): string => new X509Certificate(cert).fingerprint256;
const OLD = fingerprintOf(TEST_CERTIFICATE);
const NEW = fingerprintOf(OTHER_TEST_CERTIFICATE);

async function ask(socket: TLSSocket): Promise<string> {
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  return `${await new Promise((resolve) => socket.once('data', resolve))}`;
}

/** A look at the files has been made: it reads them in its own time. */
async function look({ clock }: SecureHost, seen: () => boolean | Promise<boolean>): Promise<void> {
  clock.advance(LOOK_MS);
  await expect.poll(seen).toBe(true);
}

const complaints = ({ lines }: SecureHost): unknown[] =>
  lines.filter(({ level }) => (level as number) >= 50).map(({ msg }) => msg);

describe('the certificate of a service', () => {
  it('section 9: files that are replaced are served to new connections, and old ones live on with theirs', async () => {
    const service = await start();
    const old = await shakeHands(service.port);
    expect(servedBy(old)).toBe(OLD);
    writeFileSync(service.files.certFile, OTHER_TEST_CERTIFICATE.cert);
    writeFileSync(service.files.keyFile, OTHER_TEST_CERTIFICATE.key);
    expect(servedBy(await shakeHands(service.port))).toBe(OLD);
    await look(service, () => service.lines.some(({ msg }) => msg === 'TLS certificate reloaded'));
    expect(servedBy(await shakeHands(service.port))).toBe(NEW);
    expect(servedBy(await shakeHands(service.port, ['h2']))).toBe(NEW);
    expect(await ask(old)).toContain('here');
    expect(complaints(service)).toEqual([]);
  });

  it('section 9: one that did not change is not loaded again', async () => {
    const service = await start();
    for (let looks = 0; looks < 3; looks += 1) service.clock.advance(LOOK_MS);
    writeFileSync(service.files.certFile, OTHER_TEST_CERTIFICATE.cert);
    writeFileSync(service.files.keyFile, OTHER_TEST_CERTIFICATE.key);
    const reloads = (): number => service.lines.filter(({ msg }) => msg === 'TLS certificate reloaded').length;
    await look(service, () => reloads() === 1);
    await look(service, () => reloads() === 1);
  });

  it.each([
    ['half a replaced pair', (files: WrittenCertificate) => writeFileSync(files.certFile, OTHER_TEST_CERTIFICATE.cert)],
    ['a file that is no certificate', (files: WrittenCertificate) => writeFileSync(files.certFile, 'no certificate')],
    [
      'a key that is cut off',
      (files: WrittenCertificate) => writeFileSync(files.keyFile, TEST_CERTIFICATE.key.subarray(0, 100)),
    ],
    ['files that are gone', (files: WrittenCertificate) => files.remove()],
  ])('section 9: %s keeps the old one, and is said once', async (_name, spoil) => {
    const service = await start();
    spoil(service.files);
    const told = ['TLS certificate can not be reloaded: the old one serves on'];
    await look(service, () => complaints(service).length === 1);
    for (let looks = 0; looks < 5; looks += 1) service.clock.advance(LOOK_MS);
    expect(servedBy(await shakeHands(service.port))).toBe(OLD);
    expect(complaints(service)).toEqual(told);
    expect(JSON.stringify(service.lines)).not.toContain('PRIVATE KEY');
  });

  it('section 9: the second half of a pair makes it whole', async () => {
    const service = await start();
    writeFileSync(service.files.keyFile, OTHER_TEST_CERTIFICATE.key);
    await look(service, () => complaints(service).length === 1);
    writeFileSync(service.files.certFile, OTHER_TEST_CERTIFICATE.cert);
    await look(service, () => service.lines.some(({ msg }) => msg === 'TLS certificate reloaded'));
    expect(servedBy(await shakeHands(service.port))).toBe(NEW);
  });

  it('section 9: nobody looks any more once the service has stopped', async () => {
    const left = watchForLeaks();
    const service = await start();
    await service.hosted.stop();
    expect(service.clock.pending).toBe(0);
    await left();
  });
});

describe('at the start', () => {
  const problemsOf = async (tls: object): Promise<readonly string[]> => {
    const fault = await host(tls).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(fault).toBeInstanceOf(ConfigurationError);
    return (fault as ConfigurationError).problems;
  };

  it.each<readonly [string, (files: WrittenCertificate) => void]>([
    ['a certificate that is not there', ({ certFile }) => writeFileSync(certFile, '')],
    ['a certificate of another key', ({ certFile }) => writeFileSync(certFile, OTHER_TEST_CERTIFICATE.cert)],
    ['a key that is none', ({ keyFile }) => writeFileSync(keyFile, 'no key')],
    ['a folder that is not there', (files) => files.remove()],
  ])('section 9: %s is one line that names the variables', async (_name, spoil) => {
    const files = writeCertificate(TEST_CERTIFICATE);
    onTestFinished(() => files.remove());
    spoil(files);
    const problems = await problemsOf(toTlsVariables(files));
    expect(problems).toEqual([expect.stringMatching(/^TIDINGS_TLS_CERT, TIDINGS_TLS_KEY: [^\n]+$/)]);
  });

  it('section 9: a certificate without a key is one line too', () => {
    const certFile = join('/nowhere', 'tls.crt');
    expect(() => loadSettings({ TIDINGS_TLS_CERT: certFile })).toThrow(/TIDINGS_TLS_CERT, TIDINGS_TLS_KEY: both/);
  });
});

describe('a port that speaks TLS', () => {
  it('section 4: chooses the protocol by ALPN, and HTTP/1.1 for who names none', async () => {
    const { port } = await start();
    expect((await shakeHands(port, ['h2', 'http/1.1'])).alpnProtocol).toBe('h2');
    expect(await ask(await shakeHands(port))).toMatch(/^HTTP\/1\.1 200 /);
    expect(await ask(await shakeHands(port, []))).toMatch(/^HTTP\/1\.1 200 /);
    const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: TEST_CERTIFICATE.cert });
    onTestFinished(() => session.destroy());
    const stream = session.request({ ':path': '/' });
    expect(`${await new Promise((resolve) => stream.once('data', resolve))}`).toBe('here');
  });

  it.each([
    ['speaks plain HTTP/1', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['speaks HTTP/2 without TLS', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'],
    ['breaks off in its hello', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03'],
  ])('closes a connection that %s, without a word above debug', async (_name, bytes) => {
    const service = await start();
    const left = watchForLeaks();
    const socket = connectPlain(service.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    let text = '';
    socket.on('data', (piece) => {
      text += piece.toString('latin1');
    });
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => {});
    socket.end(Buffer.from(bytes, 'latin1'));
    await closed;
    expect(text).not.toContain('HTTP/1');
    expect(service.lines.filter(({ level }) => (level as number) > 20)).toEqual([]);
    await left();
  });
});
