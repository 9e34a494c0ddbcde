// One process that receives, of the kind that its argument names, and tells what CPU time each burst took.
import { createAccessControl, mintToken } from '@tidings/auth';
import type { Broker, FeedSink } from '@tidings/broker';
import { createMemoryCluster } from '@tidings/broker/memory';
import { createNatsBroker } from '@tidings/broker/nats';
import { createControl } from '@tidings/control';
import { AHEAD_WAIT_MS, createEdgeService } from '@tidings/edge';
import { createHostedApp, createLogger, createMetrics, hostService, loadSettings, systemClock } from '@tidings/runtime';
import { connect, type Msg, type NatsError } from 'nats';

/**
 * `client`: the bare client with an empty callback, which is the floor. `broker`: the broker with an empty sink. `edge`:
 * a whole edge without a stream. `edge with a stream`: with one, on one of the topics. `ours, in process`: an edge that
 * is handed messages which came before, without a socket: what of the cost is not the client's.
 */
export type ReceiverKind = 'client' | 'broker' | 'edge' | 'edge with a stream' | 'ours, in process';

/** Sent once the receiver listens. */
export interface ReceiverReady {
  /** A stream that somebody should open. */
  readonly stream: { readonly url: string; readonly headers: Record<string, string> } | undefined;
}

/** What the client's message holds beneath its getters. */
interface Held {
  readonly _rdata: Uint8Array;
  readonly _msg: { readonly hdr: number; readonly subject: Uint8Array };
}

type Callback = (error: NatsError | null, message: Msg) => void;

const SECRET = 'a secret for benchmarks only of 32 bytes or more';
// Waking up costs little beside a burst, and shows its end soon enough.
const LOOK_MS = 5;
const ARENA_BYTES = 64_000_000;

const [, , url, kind] = process.argv as [string, string, string, ReceiverKind];
const log = createLogger('receiver', 'error');
const metrics = createMetrics();

/** How many events came so far. */
let received = (): number => 0;
/** What the burst cost that has come now; `before` is the CPU time at its beginning. */
let measure = (before: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(before);
  return user + system;
};
let stream: ReceiverReady['stream'];

// Without its repair: a receiver that was stopped would read what it missed from the stream, beside what comes live.
const createBroker = (): Broker =>
  createNatsBroker({ servers: [url], role: 'edge', maxBytes: 1, maxAgeMs: 1, log, metrics, repair: false });

async function listenBare(): Promise<void> {
  let count = 0;
  const client = await connect({ servers: url });
  client.subscribe('live.0.>', {
    callback() {
      count += 1;
    },
  });
  await client.flush();
  received = () => count;
}

async function openBroker(): Promise<void> {
  const broker = createBroker();
  await broker.open();
  const sink: FeedSink = { start() {}, message() {}, restart() {}, purged() {} };
  await broker.openFeed(sink);
  received = () => broker.position();
}

async function openEdge(): Promise<void> {
  const settings = loadSettings({ PORT: '0', TIDINGS_ADMIN_PORT: '0', TIDINGS_JWT_SECRET: SECRET });
  const { authenticator, classes } = createAccessControl(settings, settings.jwtSecrets, metrics, systemClock);
  const broker = createBroker();
  const app = createHostedApp(settings, metrics, log, authenticator.corsOrigin);
  const control = createControl(createMemoryCluster(), log, systemClock, settings.audit);
  const options = { broker, ...control, authenticator, classes, metrics, log, settings, aheadWaitMs: AHEAD_WAIT_MS };
  const hosted = await hostService(createEdgeService(app, 'Receiver', options), settings, metrics, log);
  received = () => broker.position();
  if (kind !== 'edge with a stream') return;
  const grants = { subscribe: ['orders.*'] };
  const token = await mintToken(SECRET, { sub: 'bench', tidings: grants }, 3_600, systemClock);
  stream = { url: `${hosted.url}/v1/stream?topic=orders.7`, headers: { authorization: `Bearer ${token}` } };
}

// Holds back what the client gives to the feed, as bytes in one piece: objects would be the garbage collector's work.
async function holdBack(): Promise<void> {
  const client = await connect({ servers: url });
  const prototype = Object.getPrototypeOf(client) as typeof client;
  await client.close();
  const { subscribe } = prototype;
  const arena = Buffer.alloc(ARENA_BYTES);
  const places: number[] = [];
  let used = 0;
  let count = 0;
  let take: Callback = () => {};
  const keep = (bytes: Uint8Array): void => {
    arena.set(bytes, used);
    places.push(used);
    used += bytes.length;
  };
  prototype.subscribe = function (subject, options) {
    if (subject !== 'live.0.>') return subscribe.call(this, subject, options);
    take = options?.callback as Callback;
    const callback: Callback = (_error, message) => {
      const { _rdata, _msg } = message as unknown as Held;
      keep(_msg.subject);
      keep(_rdata);
      places.push(_msg.hdr);
      count += 1;
    };
    return subscribe.call(this, subject, { callback });
  };
  const replay = (callback: Callback): number => {
    const before = process.cpuUsage();
    for (let at = 0; at < places.length; at += 3) {
      const [start, middle, hdr, end = used] = [places[at], places[at + 1], places[at + 2], places[at + 3]] as number[];
      const _msg = { hdr, subject: arena.subarray(start, middle) };
      callback(null, { _msg, _rdata: arena.subarray(middle, end) } as unknown as Msg);
    }
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  await openEdge();
  received = () => count;
  measure = () => {
    // Without the cost of making the messages again.
    const cpuUs = -replay(() => {}) + replay(take);
    places.length = 0;
    used = 0;
    count = 0;
    return cpuUs;
  };
}

const OPEN = {
  client: listenBare,
  broker: openBroker,
  edge: openEdge,
  'edge with a stream': openEdge,
  'ours, in process': holdBack,
};
await OPEN[kind]();

process.on('message', ({ events }: { events: number }) => {
  const target = received() + events;
  const before = process.cpuUsage();
  const timer = setInterval(() => {
    if (received() < target) return;
    clearInterval(timer);
    process.send?.({ type: 'done', cpuUs: measure(before) });
  }, LOOK_MS);
  process.send?.({ type: 'waiting' });
});
process.on('disconnect', () => process.exit());
process.send?.({ type: 'ready', stream });
