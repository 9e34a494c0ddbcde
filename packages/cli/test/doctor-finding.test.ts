import { describe, expect, test } from 'vitest';
import { judgeAddress } from '../src/doctor/check/address.ts';
import { judgeBodySize } from '../src/doctor/check/body-size.ts';
import { judgeClock, skewOf, surelyOffMs } from '../src/doctor/check/clock.ts';
import { judgeCorsAnswer, judgePreflight } from '../src/doctor/check/cors.ts';
import { judgeDelivery } from '../src/doctor/check/delivery.ts';
import { judgeEdge, judgeIngest, judgeRefusal } from '../src/doctor/check/edge.ts';
import { judgeEdges } from '../src/doctor/check/edges.ts';
import { judgeHeaders } from '../src/doctor/check/headers.ts';
import { judgeHeartbeats } from '../src/doctor/check/heartbeat.ts';
import { judgeNative, judgeTicket } from '../src/doctor/check/native.ts';
import { judgeResume, type ResumeSeen } from '../src/doctor/check/resume.ts';
import { judgeOpening } from '../src/doctor/check/stream.ts';
import { type HandshakeSeen, judgeCertificate, judgeHttp2 } from '../src/doctor/check/tls.ts';
import { judgeToken, readTimes } from '../src/doctor/check/token.ts';
import type { Finding } from '../src/doctor/finding.ts';
import { toHost } from '../src/doctor/host.ts';
import { PATIENCE } from '../src/doctor/probe.ts';
import type { StreamRecord } from '../src/doctor/timed-stream.ts';

const NOW_MS = Date.UTC(2026, 10, 21);
const DAY_MS = 86_400_000;
const HOST = toHost('https://events.example.com');

/** A finding as one line. */
const lineOf = ({ status, says, fix }: Finding): string => `${status}: ${says}${fix === undefined ? '' : ` => ${fix}`}`;

const answer = (
  status: number,
  headers: Record<string, string> = {},
  body = '',
): { status: number; headers: Headers; body: string } => ({
  status,
  headers: new Headers(headers),
  body,
});
const problem = (status: number, code: string): ReturnType<typeof answer> =>
  answer(
    status,
    { 'content-type': 'application/problem+json' },
    JSON.stringify({ type: `urn:tidings:problem:${code}`, title: 'T', status, code }),
  );
const HTML = { 'content-type': 'text/html', server: 'nginx' };

describe('address', () => {
  const seen = (...faults: (string | undefined)[]): Finding =>
    judgeAddress({
      host: HOST,
      connections: faults.map((fault, place) => ({
        address: place === 0 ? '192.0.2.1' : '2001:db8::1',
        ...(fault && { fault }),
      })),
    });

  test.each([
    ['all answer', seen(undefined, undefined), /^ok/],
    ['this machine has no IPv6', seen(undefined, 'ENETUNREACH'), /^ok/],
    [
      'one address is dead',
      seen(undefined, 'ECONNREFUSED'),
      /^warning: .*2001:db8::1 does not.* => Take the address out/,
    ],
    ['all refuse', seen('ECONNREFUSED', 'ECONNREFUSED'), /^failed: .*ECONNREFUSED.* => Start the service/],
    ['none answers in time', seen('no answer within 10 s'), /^failed: .* => .*firewalls/],
  ])('when %s', (_what, finding, line) => {
    expect(lineOf(finding)).toMatch(line);
  });
});

describe('tls and http2', () => {
  const good: HandshakeSeen = { host: HOST, validToMs: NOW_MS + 60 * DAY_MS, version: 'TLSv1.3', alpn: 'h2' };
  test.each<[string, Partial<HandshakeSeen>, RegExp]>([
    ['all is well', {}, /^ok: .*2027-01-20 \(60 days\), and speaks TLSv1.3/],
    ['20 days are left', { validToMs: NOW_MS + 20.5 * DAY_MS }, /^warning: .*in 20 days.* => Renew/],
    ['21 days are left', { validToMs: NOW_MS + 21 * DAY_MS }, /^ok/],
    ['it has ended', { validToMs: NOW_MS - 1, distrust: 'CERT_HAS_EXPIRED' }, /^failed: .*ended on 2026-11-20/],
    ['the name is another', { wrongName: 'Host: events.example.com. is not among them' }, /^failed: .*another name/],
    ['the chain is missing', { distrust: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }, /^failed: .* => Serve the chain/],
    ['it signed itself', { distrust: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, /^failed: .* => .*NODE_EXTRA_CA_CERTS/],
    ['the port speaks plain http', { fault: 'wrong version number' }, /^failed: .* => .*plain http/],
    ['it is plain http on this machine', { host: toHost('http://127.0.0.1:8080') }, /^ok/],
    [
      'it is plain http elsewhere',
      { host: toHost('http://events.example.com') },
      /^warning: .*plain http.* => .*TIDINGS_TLS_CERT/,
    ],
  ])('when %s', (_what, differing, line) => {
    expect(lineOf(judgeCertificate({ ...good, ...differing }, NOW_MS))).toMatch(line);
  });

  test('HTTP/1.1 alone is a warning, for the sake of browsers', () => {
    expect(lineOf(judgeHttp2(good))).toMatch(/^ok/);
    expect(lineOf(judgeHttp2({ ...good, alpn: 'http/1.1' }))).toMatch(/^warning: .*six connections.* => .*http2 on/);
  });
});

describe('who answers', () => {
  test.each([
    ['an edge', judgeEdge(problem(401, 'unauthenticated'), 'Tidings edge 1.2.3'), /^ok: Tidings edge 1.2.3 answers/],
    ['an ingest in the place of an edge', judgeEdge(problem(404, 'not-found'), undefined), /^failed: .*--ingest-url/],
    ['an edge without NATS', judgeEdge(problem(503, 'unavailable'), undefined), /^failed: .* => .*TIDINGS_NATS_URL/],
    ['a page', judgeEdge(answer(200, HTML), undefined), /^failed: .*not Tidings: 200 with text\/html from "nginx"/],
    ['a proxy without its upstream', judgeEdge(answer(502, HTML), undefined), /^failed: .* => .*upstream/],
    [
      'a login',
      judgeEdge(answer(302, { location: 'https://sso.example/?next=secret' }), undefined),
      /^failed: It redirects: 302 without a body to https:\/\/sso.example\/\. /,
    ],
    ['an ingest', judgeIngest(problem(401, 'unauthenticated'), undefined), /^ok/],
    ['an edge in the place of an ingest', judgeIngest(problem(404, 'not-found'), undefined), /^failed: .*--ingest-url/],
    ['our refusal', judgeRefusal(problem(401, 'unauthenticated')), /^ok/],
    ["a proxy's refusal", judgeRefusal(answer(401, HTML)), /^failed: .* => .*proxy_intercept_errors off/],
    [
      'somebody who lets everybody in',
      judgeRefusal(answer(200, { 'content-type': 'text/event-stream' })),
      /^failed: .* => .*Authorization/,
    ],
  ])('%s', (_who, finding, line) => {
    expect(lineOf(finding)).toMatch(line);
  });
});

describe('what passes a proxy', () => {
  test.each([
    ['a refusal of ours', judgeBodySize(problem(413, 'event-too-large')), /^ok/],
    [
      "a proxy's limit",
      judgeBodySize(answer(413, HTML)),
      /^warning: A body of 1.3 MB gets 413.* => .*client_max_body_size 8m/,
    ],
  ])('of a large body: %s', (_what, finding, line) => {
    expect(lineOf(finding)).toMatch(line);
  });

  const sent = {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-store, no-transform',
    'x-accel-buffering': 'no',
    'tidings-session': 'aaaaaaaa-1-x',
  };
  test.each<[string, Record<string, string>, RegExp]>([
    ['as they were sent', {}, /^ok: The headers arrive as they were sent\.$/],
    ['which nginx heeded', { 'x-accel-buffering': '' }, /^ok/],
    ['which say identity', { 'content-encoding': 'identity' }, /^ok/],
    ['of Brotli', { 'content-encoding': 'br' }, /^failed: .*Content-Encoding: br/],
    ['of a cache', { age: '12' }, /^failed: A cache answered/],
    ['which allow changes', { 'cache-control': 'no-cache, no-store' }, /^warning: .*without no-transform:/],
  ])('headers %s', (_what, differing, line) => {
    expect(
      judgeHeaders(new Headers({ ...sent, ...differing }))
        .map(lineOf)
        .join(),
    ).toMatch(line);
  });
});

describe('clock and token', () => {
  const sample = (aheadMs: number, rttMs = 40): Parameters<typeof skewOf>[0][number] => {
    const writtenMs = NOW_MS + 345 + rttMs / 2 + aheadMs;
    return {
      askedAtMs: NOW_MS + 345,
      answeredAtMs: NOW_MS + 345 + rttMs,
      dateMs: Math.floor(writtenMs / 1_000) * 1_000,
    };
  };

  test.each([
    [0, /^ok: .*agree/],
    [900, /^ok/],
    [-900, /^ok/],
    [4_000, /^warning: .*ahead of/],
    [-4_500, /^warning: .*behind.* => .*NTP/],
    [30_000, /^failed: The clock there is 30 s ahead/],
    [-30_000, /^failed: The clock there is (29|30) s behind/],
  ])('a clock that is %i ms ahead', (aheadMs, line) => {
    expect(lineOf(judgeClock([sample(aheadMs)]))).toMatch(line);
  });

  test('a slow answer says less, and many say more than one', () => {
    expect(surelyOffMs(skewOf([sample(8_000, 20_000)]) ?? { leastMs: 1, mostMs: 1 })).toBe(0);
    expect(lineOf(judgeClock([sample(0, 3_000), sample(20_000), sample(0)]))).toMatch(/^failed: .*20 s ahead/);
    expect(lineOf(judgeClock([sample(0), sample(4_000)]))).toMatch(/^warning/);
  });

  const at = (issuedSec: number, lifeSec: number): ReturnType<typeof readTimes> & object => {
    const issuedAtSec = NOW_MS / 1_000 + issuedSec;
    return { issuedAtSec, notBeforeSec: undefined, expiresAtSec: issuedAtSec + lifeSec };
  };
  const ahead = { leastMs: 60_000, mostMs: 61_000 };
  test.each([
    ['of an hour', judgeToken(at(0, 3_600), NOW_MS, undefined, 'It'), /^ok: It is valid for 60 min more/],
    [
      'of an hour, long ago',
      judgeToken(at(-7_200, 3_600), NOW_MS, undefined, 'It'),
      /^failed: It ended 60 min ago\. => Get a new one/,
    ],
    [
      'that ends by the clock there alone',
      judgeToken(at(-30, 60), NOW_MS, ahead, 'It'),
      /^failed: .*60 s ahead\. => .*NTP/,
    ],
    [
      'of the future',
      judgeToken(at(60, 3_600), NOW_MS, undefined, 'It'),
      /^failed: .*valid only in 60 s.* => .*clock of the machine that signs/,
    ],
    ['of 40 days', judgeToken(at(0, 40 * 86_400), NOW_MS, undefined, 'It'), /^warning: .*TIDINGS_MAX_TOKEN_AGE/],
    ['that ends in a minute', judgeToken(at(0, 60), NOW_MS, undefined, 'It'), /^warning: .*60 s/],
  ])('a token %s', (_what, finding, line) => {
    expect(lineOf(finding)).toMatch(line);
  });

  test('what is no token has no times', () => {
    for (const text of ['', 'a.b.c', 'ticket', `a.${Buffer.from('null').toString('base64url')}.c`])
      expect(readTimes(text)).toBeUndefined();
  });
});

describe('streams', () => {
  const head = { atMs: 20, status: 200, headers: new Headers({ 'content-type': 'text/event-stream; charset=utf-8' }) };
  const record = (seen: Partial<StreamRecord>): StreamRecord => ({
    head,
    pieces: [],
    events: [],
    comments: [],
    text: '',
    end: undefined,
    ...seen,
  });
  const piece = (atMs: number): StreamRecord['pieces'][number] => ({ atMs, bytes: 3 });
  const beating = (...times: number[]): Partial<StreamRecord> => ({
    pieces: [20, ...times].map(piece),
    comments: [{ atMs: 20, text: ' ok' }, ...times.map((atMs) => ({ atMs, text: '' }))],
  });
  const bye = (reason: string): StreamRecord['events'] => [
    { atMs: 1, event: 'hub.bye', data: JSON.stringify({ reason, retry: 1 }), lastEventId: '' },
  ];

  test.each<[string, Partial<StreamRecord>, RegExp]>([
    ['opens at once', { pieces: [piece(20)] }, /^ok: .*20 ms/],
    ['opens late', { pieces: [piece(1_500)] }, /^warning: .*1.5 s/],
    [
      'has a head alone',
      {},
      /^failed: The head of the stream came, and none of its bytes within 2.5 s.* => .*proxy_buffering off/,
    ],
    [
      'has not even a head',
      { head: undefined },
      /^failed: Nothing of the stream within 2.5 s.* => .*proxy_buffering off/,
    ],
    ['is another type', { head: { ...head, headers: new Headers(HTML) } }, /^failed: .*text\/html/],
    ['is over at once', { events: bye('capacity'), end: { atMs: 9 } }, /^failed: .*`hub.bye` capacity/],
    ['breaks', { head: undefined, end: { atMs: 9, fault: 'socket hang up' } }, /^failed: .*socket hang up/],
  ])('one that %s', (_what, seen, line) => {
    expect(lineOf(judgeOpening(record(seen), 2_500, PATIENCE))).toMatch(line);
  });

  test.each<[string, Partial<StreamRecord>, RegExp]>([
    ['come', beating(15_000, 30_000), /^ok: 2 heartbeats came, one by one; the stream has been open for 31 s/],
    ['come as ids alone', { ...beating(), pieces: [piece(20), piece(15_000), piece(30_000)] }, /^ok/],
    ['come together', beating(30_000, 30_002), /^failed: .*several at a time.* => .*proxy_buffering off/],
    [
      'come once',
      beating(5_000),
      /^failed: No heartbeat came within 26 s of silence, where one was expected each 15 s\. => .*--heartbeat/,
    ],
    ['do not come', beating(), /^failed: No heartbeat/],
    [
      'are cut off',
      { ...beating(), end: { atMs: 3_020 } },
      /^failed: .*cut after 3.0 s of silence, before any.* => .*proxy_read_timeout 75s/,
    ],
    [
      'are cut off by age',
      { ...beating(15_000, 30_000), end: { atMs: 30_500 } },
      /^failed: .*cut when it was 31 s old, 500 ms after.* => .*timeoutSec/,
    ],
    ['end with a word', { ...beating(), events: bye('token-expired'), end: { atMs: 9 } }, /^warning: .*token-expired/],
  ])('heartbeats that %s', (_what, seen, line) => {
    expect(lineOf(judgeHeartbeats(record(seen), 15_000, 31_000))).toMatch(line);
  });

  test.each([
    ['at once', judgeDelivery({ tookMs: [4, 9, 5] }, PATIENCE), /^ok: .*9 ms/],
    ['slowly', judgeDelivery({ tookMs: [4, 1_400] }, PATIENCE), /^warning: .*1.4 s/],
    [
      'behind others',
      judgeDelivery(
        { tookMs: [], missing: { waitedMs: 2_500, found: 'in history', cameAfterBytes: 16_384 } },
        PATIENCE,
      ),
      /^failed: .*16 KB had collected/,
    ],
    [
      'never, and is kept',
      judgeDelivery({ tookMs: [], missing: { waitedMs: 2_500, found: 'in history' } }, PATIENCE),
      /^failed: .*though the edge has it in its history: a proxy holds/,
    ],
    [
      'nowhere',
      judgeDelivery({ tookMs: [], missing: { waitedMs: 2_500, found: 'nowhere' } }, PATIENCE),
      /^failed: .* => .*TIDINGS_NATS_URL/,
    ],
  ])('an event that arrives %s', (_how, finding, line) => {
    expect(lineOf(finding)).toMatch(line);
  });

  const unknownTicket = { ...head, ...problem(401, 'unauthenticated') };
  test.each<[string, Partial<StreamRecord>, RegExp]>([
    ['is let in', { events: [{ atMs: 9, event: 'hub.live', data: '{}', lastEventId: '' }] }, /^ok/],
    ['hears nothing', {}, /^skipped/],
    [
      'has a ticket that nobody knows',
      { head: unknownTicket, text: unknownTicket.body },
      /^failed: .* => .*TIDINGS_NATS_URL/,
    ],
  ])('an EventSource that %s', (_what, seen, line) => {
    expect(lineOf(judgeNative(record(seen)))).toMatch(line);
  });

  test('without tickets, what hinders them is named', () => {
    expect(judgeTicket(answer(201))).toBeUndefined();
    expect(lineOf(judgeTicket(problem(503, 'unavailable')) ?? judgeEdges(new Set(), 0))).toMatch(
      /^warning: .* => .*nats setup/,
    );
    expect(lineOf(judgeTicket(answer(404, HTML)) ?? judgeEdges(new Set(), 0))).toMatch(/^failed: .*\/v1\/tickets/);
  });

  test('edges are told by their names', () => {
    expect(judgeEdges(new Set(['b', 'a']), 12).says).toBe('2 edges were seen in 12 tries: a, b.');
    expect(judgeEdges(new Set(['a']), 12).says).toBe('Only one edge was seen in 12 tries: a.');
    expect(judgeEdges(new Set(), 12).status).toBe('skipped');
  });

  const resumed: ResumeSeen = {
    expected: ['4', '5', '6'],
    got: ['4', '5', '6'],
    resumed: true,
    edges: ['aaaaaaaa', 'bbbbbbbb'],
  };
  test.each<[string, Partial<ResumeSeen>, RegExp]>([
    ['is exact', {}, /^ok: A resume from edge aaaaaaaa on edge bbbbbbbb brought all 3 events/],
    ['is exact where it was', { edges: ['aaaaaaaa', 'aaaaaaaa'] }, /^ok: A resume on the same edge/],
    ['loses one', { got: ['4', '6'] }, /^failed: .*lost 1 of 3 events, and repeated 0/],
    ['repeats one', { got: ['4', '5', '5', '6'] }, /^failed: .*lost 0 of 3 events, and repeated 1/],
    ['mixes them up', { got: ['5', '4', '6'] }, /^failed: .*another order/],
    ['did not carry the cursor', { resumed: false, got: ['6'] }, /^failed: .* => .*Last-Event-ID/],
    ['meets another log', { gap: 'reset', got: ['6'] }, /^failed: .*`hub.gap` reset.* => .*TIDINGS_NATS_URL/],
    ['comes too late', { gap: 'expired' }, /^failed: .* => .*TIDINGS_HISTORY_MAX_BYTES/],
  ])('a resume that %s', (_what, differing, line) => {
    expect(lineOf(judgeResume({ ...resumed, ...differing }))).toMatch(line);
  });
});

describe('cors', () => {
  const ORIGIN = 'https://app.example.com';
  const allowed = { 'access-control-allow-origin': ORIGIN, 'access-control-allow-credentials': 'true' };
  const preflight = {
    ...allowed,
    'access-control-allow-methods': 'GET, POST, PATCH, DELETE',
    'access-control-allow-headers': 'Authorization, Content-Type, Last-Event-ID, Idempotency-Key',
  };
  const real = { ...allowed, 'access-control-expose-headers': 'Tidings-Session, Retry-After', vary: 'Origin' };
  const without = (headers: Record<string, string>, name: string): Record<string, string> =>
    Object.fromEntries(Object.entries(headers).filter(([each]) => each !== name));

  test.each<[string, number, Record<string, string>, RegExp]>([
    ['allows all that is needed', 204, preflight, /^ok/],
    [
      'allows nothing',
      403,
      {},
      /^failed: .*may not read it.* => Set TIDINGS_ALLOWED_ORIGINS to a list with https:\/\/app.example.com/,
    ],
    ['allows a star', 204, { ...preflight, 'access-control-allow-origin': '*' }, /^failed: .* => Let Tidings alone/],
    [
      'allows twice',
      204,
      { ...preflight, 'access-control-allow-origin': `${ORIGIN}, ${ORIGIN}` },
      /^failed: .* => Let Tidings alone/,
    ],
    ['allows no credentials', 204, without(preflight, 'access-control-allow-credentials'), /^failed: .*Credentials/],
    [
      'forgets PATCH',
      204,
      { ...preflight, 'access-control-allow-methods': 'GET, POST, DELETE' },
      /^failed: .*does not allow PATCH\./,
    ],
    ['is redirected', 301, preflight, /^failed: .*2xx/],
  ])('a preflight that %s', (_what, status, headers, line) => {
    expect(lineOf(judgePreflight(answer(status, headers), ORIGIN, 'It'))).toMatch(line);
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['may be read', real, /^ok/],
    ['hides headers', without(real, 'access-control-expose-headers'), /^failed: .*tidings-session/],
    ['does not vary', without(real, 'vary'), /^failed: .*Vary/],
  ])('an answer that %s', (_what, headers, line) => {
    expect(lineOf(judgeCorsAnswer(answer(200, headers), ORIGIN, 'It'))).toMatch(line);
  });
});
