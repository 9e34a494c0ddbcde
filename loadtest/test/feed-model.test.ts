import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeHeaders } from '../../packages/broker/src/nats/event-message.ts';
import { storedSubject } from '../../packages/broker/src/nats/subject.ts';
import { costOf } from '../src/feed/cost.ts';
import { fullestServer, toLoad } from '../src/feed/deployment.ts';
import { compare, holds, type Verdict } from '../src/feed/judge.ts';
import {
  beatBytesPerSec,
  type EventShape,
  edgeBeat,
  followerBeat,
  heardBeat,
  overheadBytes,
  type Placement,
  publishedHeaderBytes,
  sentBy,
  shareOfServers,
  toEdge,
} from '../src/feed/model.ts';
import { Places } from '../src/feed/places.ts';
import { quickPlan } from '../src/feed/plan.ts';
import { findStrangers } from '../src/feed/subscriptions.ts';
import { WireCounter } from '../src/feed/wire-counter.ts';

// As three nats-servers 2.15.1 sent it to a client that had subscribed to `live.0.>` by the name 1.
const CAPTURED =
  'HMSG live.0.default.orders.2 1 209 216\r\nNATS/1.0\r\nNats-Msg-Id: 8VL7KC0W3BZAXQ19WDWRGJ\r\nTd-Json: 1\r\n' +
  'Nats-Stream: EVT_0\r\nNats-Subject: evt.0.default.orders.2\r\nNats-Sequence: 2\r\n' +
  'Nats-Time-Stamp: 2026-11-28T16:22:08.741233064Z\r\nNats-Last-Sequence: 0\r\n\r\n{"a":1}\r\n';
const CAPTURED_SHAPE: EventShape = {
  addressBytes: 'default.orders.2'.length,
  payloadBytes: 7,
  markBytes: 'Td-Json: 1\r\n'.length,
  placeDigits: 1,
  beforeDigits: 1,
};
const CAPTURED_BEAT =
  'MSG ctl.node.edge.beat.cg36jub9 3 126\r\n{"from":"cg36jub9","count":6,"names":["revocations-reached","sessions",' +
  '"presence","session","session-close","session-change"]}\r\n';
const CAPTURED_FOLLOWER =
  'MSG ctl.edge.7c9cb511-6e5e-4aaa-8597-ce40c3a80d91 3 33\r\n{"epoch":"8182oxip","position":0}\r\n';

const EVENT: EventShape = { addressBytes: 27, payloadBytes: 200 };
const PLACEMENT: Placement = { edgesOn: [10, 10, 10], leader: 0, followers: [1, 2], entrance: 1, appendsPerEvent: 1 };

describe('the model of what the NATS servers send', () => {
  test('has a captured event and a captured beat to the byte, but for the zeros that stamps leave out', () => {
    expect(toEdge(CAPTURED_SHAPE).sent).toBeCloseTo(CAPTURED.length, 0);
    expect(toEdge(CAPTURED_SHAPE).counted).toBeCloseTo(216, 0);
    expect(heardBeat(edgeBeat(1)).sent).toBe(CAPTURED_BEAT.length);
    expect(heardBeat(followerBeat(1)).sent).toBe(CAPTURED_FOLLOWER.length);
  });

  test.each([
    { event: '', json: false, final: false, exclude: '', ttlSec: 0, id: 'a'.repeat(22), topic: 'orders.1' },
    { event: 'Zürich', json: true, final: true, exclude: 'me', ttlSec: 60, id: 'a'.repeat(43), topic: 'user.a b.é' },
  ])('knows the header block and the subject that an ingest writes: $topic', ({ id, topic, ...fields }) => {
    const data = Buffer.from('x');
    const headers = encodeHeaders({ tenant: 'default', topic, store: true, data, id, ...fields }, id);
    const [version, idLine, ...marks] = headers.toString().split(/(?<=\r\n)/);
    expect([version, idLine?.startsWith('Nats-Msg-Id')]).toEqual(['NATS/1.0\r\n', true]);
    const markBytes = marks.join('').length - 2;
    expect(publishedHeaderBytes({ addressBytes: 0, payloadBytes: 1, idBytes: id.length, markBytes })).toBe(
      headers.toString().length,
    );
    expect(storedSubject('default', 'orders.1')).toBe('evt.0.default.orders.1');
  });

  test('lets the topic count twice, and the payload once', () => {
    expect(overheadBytes({ ...EVENT, addressBytes: 77 }) - overheadBytes(EVENT)).toBe(100);
    expect(toEdge({ ...EVENT, payloadBytes: 700 }).sent - toEdge(EVENT).sent).toBe(500);
    expect(Math.round(overheadBytes(EVENT))).toBe(205 + 2 * 27 + 2 * 9);
  });

  test('sends each event once to each edge, once to each other server with edges, and once to each copy', () => {
    const [leader, entrance, other] = shareOfServers(EVENT, PLACEMENT);
    expect(leader?.clients.sent).toBeCloseTo(10 * toEdge(EVENT).sent, 5);
    expect(leader?.copies.counted).toBeGreaterThan(2 * EVENT.payloadBytes);
    expect(other?.routes.sent).toBe(0);
    expect(entrance?.routes.counted).toBeGreaterThan(EVENT.payloadBytes);
    const without = shareOfServers(EVENT, { ...PLACEMENT, edgesOn: [10, 0, 10] });
    const missing = (leader?.routes.counted ?? 0) - (without[0]?.routes.counted ?? 0);
    expect(missing).toBeCloseTo(toEdge(EVENT).counted, 5);
  });

  test('saves the way to the leader where the ingest is on its server', () => {
    const [leader, former] = shareOfServers(EVENT, { ...PLACEMENT, entrance: 0 });
    expect(former?.routes.sent).toBe(0);
    const all = (shares: ReturnType<typeof shareOfServers>): number =>
      shares.reduce((sum, each) => sum + sentBy(each), 0);
    expect(all(shareOfServers(EVENT, PLACEMENT))).toBeGreaterThan(
      all(shareOfServers(EVENT, { ...PLACEMENT, entrance: 0 })),
    );
    expect(leader?.clients.sent).toBeGreaterThan(10 * toEdge(EVENT).sent);
  });

  test('beats grow with the square of the processes', () => {
    const at = (edges: number): number => beatBytesPerSec({ edges, ingests: 0, servers: 3 }).toProcesses;
    expect(at(300) / at(30)).toBeCloseTo(100, 5);
    expect(at(300) / 300).toBeGreaterThan(45_000);
  });
});

describe('the load of a deployment', () => {
  const cost = { eventSec: 100e-6, deliverySec: 10e-6, beatSec: 10e-6 };
  const deployment = { streams: 1_000_000, edges: 30, ingests: 2, servers: 3, eventsPerSec: 2_000, shape: EVENT };

  test('is in proportion to the events, but for the beats', () => {
    const [one, ten] = [2_000, 20_000].map((eventsPerSec) => toLoad({ ...deployment, eventsPerSec }, cost, 1));
    expect((ten?.allBits ?? 0) - (ten?.beatBits ?? 0)).toBeCloseTo(
      10 * ((one?.allBits ?? 0) - (one?.beatBits ?? 0)),
      -3,
    );
    expect(one?.toEdgesBits).toBeGreaterThan(one?.reckonedBeforeBits ?? 0);
    expect(one?.cores).toBeCloseTo(0.2 + 0.6 + 0.0108, 3);
  });

  test('is unequal among the servers, for edges choose by lot, and the fewer the more so', () => {
    expect(fullestServer(3, 3)).toBeGreaterThan(1.8);
    expect(fullestServer(300, 3)).toBeCloseTo(108.5, 0);
    expect(fullestServer(2, 1)).toBe(2);
    const { fullestBits, fullestOfFewerBits, allBits } = toLoad(deployment, cost, 1);
    expect(fullestBits).toBeGreaterThan(allBits / 3);
    expect(fullestOfFewerBits).toBeGreaterThan(fullestBits);
  });
});

describe('counting what a server sends', () => {
  const wire = `INFO {"max_payload":100}\r\nPONG\r\n${CAPTURED}PING\r\n${CAPTURED_BEAT}+OK\r\n${CAPTURED}`;

  test('sees the same messages however they are cut into chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }), (sizes) => {
        const answered: string[] = [];
        const counter = new WireCounter(
          () => answered.push('ping'),
          () => answered.push('pong'),
        );
        for (let at = 0, turn = 0; at < wire.length; turn += 1) {
          const chunk = Buffer.from(wire.slice(at, at + (sizes[turn % sizes.length] ?? 1)));
          counter.take(chunk, chunk.length);
          at += chunk.length;
        }
        const { bytes, messageBytes, messages } = counter;
        expect({ bytes, messageBytes, messages, answered }).toEqual({
          bytes: wire.length,
          messageBytes: 2 * CAPTURED.length + CAPTURED_BEAT.length,
          messages: 3,
          answered: ['pong', 'ping'],
        });
      }),
    );
  });
});

describe('the verdict', () => {
  const connection = (name: string, ...subjects: string[]): Parameters<typeof findStrangers>[0][number] => ({
    server: 'nats-1',
    name,
    subjects,
    messages: 0,
    bytes: 0,
  });

  test('names who subscribes to more, or less, than a real edge', () => {
    const real = connection('real', 'eph.0.>', 'live.0.>');
    const same = connection('light', 'live.0.>', 'eph.0.>');
    expect(findStrangers([real, same, same], 'real', 'light')).toEqual([]);
    expect(findStrangers([real, same, connection('light', 'eph.0.>')], 'real', 'light')).toHaveLength(1);
    const twice = connection('light', 'live.0.>', 'eph.0.>', 'live.0.>');
    expect(findStrangers([real, twice], 'real', 'light')[0]).toContain('1 of those');
    expect(findStrangers([same], 'real', 'light')[0]).toContain('no connection');
  });

  test("takes ids and inboxes for what is everybody's own", () => {
    const real = connection('real', 'ctl.node.hub.ask.0a1b2c3d', '_INBOX_edge.AAAA.*');
    expect(
      findStrangers([real, connection('light', 'ctl.node.hub.ask.zzzzzzzz', '_INBOX_edge.BBBB.*')], 'real', 'light'),
    ).toEqual([]);
    expect(
      findStrangers([real, connection('light', 'ctl.node.hub.tell.zzzzzzzz', '_INBOX_edge.BBBB.*')], 'real', 'light'),
    ).toHaveLength(1);
  });

  test('is good within the limit only', () => {
    expect(holds(compare('a', 101, 100, 0.02))).toBe(true);
    expect(holds(compare('a', 97, 100, 0.02))).toBe(false);
    expect(holds(compare('a small part', 12, 10, 0.1, 100))).toBe(true);
  });
});

test('what an event and a delivery cost is the line through points that differ in edges alone', () => {
  const [usual] = quickPlan().points;
  const verdict = (edges: number, cpuSecPerEvent: number, faults: string[] = [], payloadBytes = 200): Verdict =>
    ({ measured: { point: { ...usual, edges, payloadBytes } }, cpuSecPerEvent, faults }) as unknown as Verdict;
  const sound = [verdict(2, 120e-6), verdict(12, 220e-6), verdict(102, 1_120e-6)];
  const unfit = [verdict(50, 1, ['the machine was saturated']), verdict(50, 1, [], 4_000)];
  const cost = costOf([...sound, ...unfit], 'bursts', 7e-6);
  expect(cost?.deliverySec).toBeCloseTo(10e-6, 9);
  expect(cost?.eventSec).toBeCloseTo(100e-6, 9);
  expect(costOf(sound.slice(0, 1), 'bursts', 0)).toBeUndefined();
  expect(costOf(sound, 'apart', 0)).toBeUndefined();
});

test('places give the shape of the events of a point, over all that were before', () => {
  const places = new Places();
  const [point] = quickPlan().points;
  const plan = { ...(point as NonNullable<typeof point>), topic: 'a.{n}', topics: 10, events: 10 };
  expect(places.take(plan)).toMatchObject({ addressBytes: 11, placeDigits: 1.1, beforeDigits: 1 });
  expect(places.take(plan)).toMatchObject({ addressBytes: 11, placeDigits: 2, beforeDigits: 1.1 });
  expect(places.take({ ...plan, keyed: true, event: 'status' })).toMatchObject({ idBytes: 43, markBytes: 30 });
});
