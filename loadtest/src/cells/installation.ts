import { toLoad } from '../feed/deployment.ts';
import { type EventShape, toEdge } from '../feed/model.ts';
import { CHOSEN, INDEX_ENTRY, MEASURED, SERVER_COST } from './unit-cost.ts';

/** How an edge is fed: with each event of its cell, or with those that its streams want and an index of all others. */
export type FeedKind = 'whole' | 'interest';

/** What an installation has to do. */
export interface Demand {
  readonly subscribers: number;
  /** Published in all, each event counted once. */
  readonly eventsPerSec: number;
  /** Of those, the share that goes to every subscriber; each of the others goes to one. */
  readonly broadcastShare: number;
  readonly shape: EventShape;
}

/** What one cell of an installation is; rates are of a second. */
export interface CellLoad {
  /** Stored in its stream: its part of the own-topic events, and all broadcasts. */
  readonly eventsPerSec: number;
  /** Of what one stream takes; above 1 it does not work. */
  readonly streamShare: number;
  /**
   * `Infinity` where no number of edges is enough: receiving alone takes more of a core than an edge may use. What depends on it
   * is no number then.
   */
  readonly edges: number;
  readonly ingests: number;
  readonly servers: number;
  readonly toEachEdgeBits: number;
  /** All that the servers send, to edges and to each other. */
  readonly sentBits: number;
  readonly edgeCores: number;
  readonly ingestCores: number;
  readonly serverCores: number;
}

const BITS = 8;
const SERVERS = 3;
const LEAST_EDGES = 2;
const LEAST_INGESTS = 2;
// Eight events of a burst share a round of the copies (feed/deployment.ts).
const APPENDS_PER_EVENT = 1 / 8;
const SPARE = 1.5;

/**
 * What each of `cells` equal cells is that together meet a demand, whose subscribers are spread over all of them. Broadcasts are
 * posted to each cell, as those of one tenant are whose users are spread: of many tenants, each in one cell, they would be fewer.
 */
export function toCellLoad(demand: Demand, cells: number, feed: FeedKind): CellLoad {
  const { subscribers, eventsPerSec: published, broadcastShare, shape } = demand;
  const broadcasts = published * broadcastShare;
  const own = (published - broadcasts) / cells;
  const streams = subscribers / cells;
  const eventsPerSec = own + broadcasts;
  const broadcastCores = broadcasts * streams * MEASURED.broadcastDeliverySec.value;
  const sharedCores = broadcastCores + own * MEASURED.ownDeliverySec.value;
  // What each edge does that another edge does not take off it.
  const eachCores = (edges: number): number => toReceived(own, broadcasts, edges, feed).cores;
  const edges = edgesFor(streams, sharedCores, eachCores);
  const received = toReceived(own, broadcasts, edges, feed, shape);
  const ingestCores = eventsPerSec * MEASURED.publishedSec.value;
  const ingests = Math.max(LEAST_INGESTS, Math.ceil(ingestCores / CHOSEN.edgeShare.value));
  const whole = toLoad(
    { streams, edges, ingests, servers: SERVERS, eventsPerSec, shape },
    SERVER_COST,
    APPENDS_PER_EVENT,
  );
  const messages = received.messages * edges;
  return {
    eventsPerSec,
    streamShare: eventsPerSec / MEASURED.streamEventsPerSec.value,
    edges,
    ingests,
    servers: SERVERS,
    toEachEdgeBits: received.bytes * BITS,
    sentBits: whole.allBits - whole.toEdgesBits + received.bytes * BITS * edges,
    edgeCores: sharedCores + eachCores(edges) * edges,
    ingestCores,
    serverCores: whole.cores + (messages - whole.deliveriesPerSec) * SERVER_COST.deliverySec,
  };
}

// The more edges, the smaller the part that each takes in full.
function edgesFor(streams: number, sharedCores: number, eachCores: (edges: number) => number): number {
  const fits = (edges: number): boolean => sharedCores / edges + eachCores(edges) <= CHOSEN.edgeShare.value;
  const least = Math.max(LEAST_EDGES, Math.ceil(Math.ceil(streams / CHOSEN.streamsPerEdge.value) * SPARE));
  if (eachCores(Number.POSITIVE_INFINITY) >= CHOSEN.edgeShare.value) return Number.POSITIVE_INFINITY;
  let most = least;
  while (!fits(most)) most *= 2;
  let below = least - 1;
  while (most - below > 1) {
    const middle = Math.floor((below + most) / 2);
    if (middle >= least && fits(middle)) most = middle;
    else below = middle;
  }
  return most;
}

interface Received {
  /** Of one edge. */
  readonly cores: number;
  readonly bytes: number;
  readonly messages: number;
}

/** What one edge is fed with; an own-topic event is wanted by one edge, a broadcast by all. */
function toReceived(own: number, broadcasts: number, edges: number, feed: FeedKind, shape?: EventShape): Received {
  const full = feed === 'whole' ? own + broadcasts : own / edges + broadcasts;
  const entries = own + broadcasts - full;
  return {
    cores: full * MEASURED.receivedEventSec.value + entries * INDEX_ENTRY.entrySec.value,
    bytes: (shape === undefined ? 0 : full * toEdge(shape).sent) + entries * INDEX_ENTRY.entryBytes.value,
    messages: full + entries / INDEX_ENTRY.entriesPerMessage.value,
  };
}
