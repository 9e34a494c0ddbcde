/**
 * What an event makes the NATS servers send, in bytes. Pure arithmetic on what the servers write; the simulation beside it
 * measures each part.
 *
 * Assumed: one stream with its copies on servers of one cluster, which hold nothing back to compress it; edges that take the whole
 * feed; nobody who reads history. Bytes are those of the NATS protocol, as TCP carries them: frames of TCP, IP and TLS come on top.
 */

/** An event as far as its size goes. Figures may be averages, and need not be whole. */
export interface EventShape {
  /** Of `<tenant>.<topic>` as a subject has it, each part percent-encoded: `default.user.alice` has 18. */
  readonly addressBytes: number;
  readonly payloadBytes: number;
  /** Of the header lines that say more, with their line breaks: name, JSON (12), `final`, ttl, `exclude`, trace. */
  readonly markBytes?: number;
  /** Of `Nats-Msg-Id`: 22 where the ingest made it, 43 where the publisher gave a key. */
  readonly idBytes?: number;
  /** Of its place in the log: 9 once there were a hundred million events, which 2,000 a second are in 14 hours. */
  readonly placeDigits?: number;
  /** Of the place of the event before it on its topic. */
  readonly beforeDigits?: number;
  /** Of the count of requests of the ingest's process, in base 36. */
  readonly countDigits?: number;
}

/** One message on its way. */
export interface Weight {
  /** Headers and payload: the servers' own counters (`/varz`, `/connz`, `/routez`) count no more. */
  readonly counted: number;
  /** With the protocol's line and line breaks: what goes through the socket. */
  readonly sent: number;
}

const BREAK_BYTES = 2;
const VERSION_BYTES = 'NATS/1.0\r\n'.length;
const STORED_BYTES = 'evt.0.'.length;
const LIVE_BYTES = 'live.0.'.length;
const STREAM_BYTES = 'EVT_0'.length;
// The server leaves out zeros at the end: a ninth of a byte on average.
const STAMP_BYTES = '2026-11-28T10:00:00.123456789Z'.length - 1 / 9;
// `_INBOX_ingest.`, 22 random characters, a dot; the count follows.
const REPLY_BYTES = '_INBOX_ingest..'.length + 22;
const ACKNOWLEDGEMENT_BYTES = '{"stream":"EVT_0", "seq":}'.length;
const GENERATED_ID_BYTES = 22;
// A client names its subscription by one digit, a server the account.
const SUBSCRIPTION_BYTES = 1;
const ACCOUNT_BYTES = '$G'.length;
const USUAL_PLACE_DIGITS = 9;
const USUAL_COUNT_DIGITS = 6;

// How the servers keep the copies alike (Raft). An entry names its kind, place, time and the lengths of its parts; an append has
// the leader, terms and places, and may carry many entries; a follower answers each.
const ENTRY_BYTES = 33;
const APPEND_BYTES = 43;
const APPEND_SUBJECT_BYTES = '$NRG.AE.S-R3F-12345678'.length;
const ANSWER_SUBJECT_BYTES = '$NRG.R.12345678'.length;
const ANSWER_BYTES = 25;

const lineBytes = (name: string, valueBytes: number): number => name.length + 2 + valueBytes + BREAK_BYTES;
const digits = (value: number): number => `${Math.round(value)}`.length;
const NOTHING: Weight = { counted: 0, sent: 0 };

const plus = (one: Weight, other: Weight, times = 1): Weight => ({
  counted: one.counted + other.counted * times,
  sent: one.sent + other.sent * times,
});

/** `HMSG <words> <headers> <all>`; `words` are subject, subscription or account, and where to answer, with their spaces. */
function withHeaders(wordBytes: number, headerBytes: number, payloadBytes: number): Weight {
  const counted = headerBytes + payloadBytes;
  const line = 'HMSG '.length + wordBytes + 1 + digits(headerBytes) + 1 + digits(counted) + BREAK_BYTES;
  return { counted, sent: line + counted + BREAK_BYTES };
}

/** `MSG <words> <all>`. */
function plain(wordBytes: number, payloadBytes: number): Weight {
  const line = 'MSG '.length + wordBytes + 1 + digits(payloadBytes) + BREAK_BYTES;
  return { counted: payloadBytes, sent: line + payloadBytes + BREAK_BYTES };
}

/** The header block of a stored event as an ingest sends it. */
export const publishedHeaderBytes = ({ markBytes = 0, idBytes = GENERATED_ID_BYTES }: EventShape): number =>
  VERSION_BYTES + lineBytes('Nats-Msg-Id', idBytes) + markBytes + BREAK_BYTES;

function liveHeaderBytes(shape: EventShape): number {
  const { addressBytes, placeDigits = USUAL_PLACE_DIGITS, beforeDigits = placeDigits } = shape;
  return (
    publishedHeaderBytes(shape) +
    lineBytes('Nats-Stream', STREAM_BYTES) +
    lineBytes('Nats-Subject', STORED_BYTES + addressBytes) +
    lineBytes('Nats-Sequence', placeDigits) +
    lineBytes('Nats-Time-Stamp', STAMP_BYTES) +
    lineBytes('Nats-Last-Sequence', beforeDigits)
  );
}

/** An event from a server to an edge. */
export const toEdge = (shape: EventShape): Weight =>
  withHeaders(LIVE_BYTES + shape.addressBytes + 1 + SUBSCRIPTION_BYTES, liveHeaderBytes(shape), shape.payloadBytes);

/**
 * What an edge gets beyond the payload: 205 bytes, twice the address, the digits of both places, what marks the event, and some
 * digits of lengths.
 */
export const overheadBytes = (shape: EventShape): number => toEdge(shape).sent - shape.payloadBytes;

// From the leader to another server that has edges.
const toServer = (shape: EventShape): Weight =>
  withHeaders(LIVE_BYTES + shape.addressBytes + 1 + ACCOUNT_BYTES, liveHeaderBytes(shape), shape.payloadBytes);

const replyBytes = ({ countDigits = USUAL_COUNT_DIGITS }: EventShape): number => REPLY_BYTES + countDigits;

// From the server that the ingest is on to the leader.
const toLeader = (shape: EventShape): Weight =>
  withHeaders(
    STORED_BYTES + shape.addressBytes + 1 + ACCOUNT_BYTES + 1 + replyBytes(shape),
    publishedHeaderBytes(shape),
    shape.payloadBytes,
  );

function acknowledgement(shape: EventShape, isRouted: boolean): Weight {
  const word = isRouted ? ACCOUNT_BYTES : SUBSCRIPTION_BYTES;
  return plain(replyBytes(shape) + 1 + word, ACKNOWLEDGEMENT_BYTES + (shape.placeDigits ?? USUAL_PLACE_DIGITS));
}

const toEntryBytes = (shape: EventShape): number =>
  ENTRY_BYTES +
  STORED_BYTES +
  shape.addressBytes +
  replyBytes(shape) +
  publishedHeaderBytes(shape) +
  shape.payloadBytes;

/** To one follower, for one event. */
function toFollower(shape: EventShape, appendsPerEvent: number): Weight {
  const counted = toEntryBytes(shape) + APPEND_BYTES * appendsPerEvent;
  const perAppend = plain(APPEND_SUBJECT_BYTES + 1 + ANSWER_SUBJECT_BYTES, counted / Math.max(appendsPerEvent, 0.01));
  // `RMSG`, and so a byte more than a client's.
  return { counted, sent: counted + (perAppend.sent - perAppend.counted + 1) * appendsPerEvent };
}

/** Where the parts of a deployment are; servers are counted from 0. */
export interface Placement {
  /** How many edges have their live connection on each server. */
  readonly edgesOn: readonly number[];
  /** The server that leads the stream. */
  readonly leader: number;
  /** The servers that hold copies beside the leader. */
  readonly followers: readonly number[];
  /** The server that the ingest publishes to. */
  readonly entrance: number;
  /**
   * Rounds of the copies for one event. Events that come close together share one; one that comes alone takes two, for what was
   * agreed upon is told by the next.
   */
  readonly appendsPerEvent: number;
}

/** What one server sends for one event. */
export interface ServerShare {
  /** To edges and to the ingest. */
  readonly clients: Weight;
  /** To other servers: the event on its way to the leader, from it to where edges are, and its acknowledgement. */
  readonly routes: Weight;
  /** To other servers, to keep the copies alike. */
  readonly copies: Weight;
}

/** What each server sends for one event. */
export function shareOfServers(shape: EventShape, placement: Placement): ServerShare[] {
  const { edgesOn, leader, followers, entrance, appendsPerEvent } = placement;
  const isRouted = entrance !== leader;
  const othersWithEdges = edgesOn.filter((edges, server) => edges > 0 && server !== leader).length;
  return edgesOn.map((edges, server) => {
    let clients = plus(NOTHING, toEdge(shape), edges);
    let routes = NOTHING;
    let copies = NOTHING;
    if (server === entrance) clients = plus(clients, acknowledgement(shape, false));
    if (server === leader) {
      routes = plus(routes, toServer(shape), othersWithEdges);
      if (isRouted) routes = plus(routes, acknowledgement(shape, true));
      copies = plus(copies, toFollower(shape, appendsPerEvent), followers.length);
    } else if (server === entrance) routes = plus(routes, toLeader(shape));
    if (followers.includes(server)) {
      const answer = plain(ANSWER_SUBJECT_BYTES, ANSWER_BYTES);
      copies = plus(copies, { counted: answer.counted, sent: answer.sent + 1 }, appendsPerEvent);
    }
    return { clients, routes, copies };
  });
}

/** What a server sends in all. */
export const sentBy = ({ clients, routes, copies }: ServerShare): number => clients.sent + routes.sent + copies.sent;

/** A word that a process says each second, and that others hear. */
export interface Beat {
  readonly subjectBytes: number;
  readonly bytes: number;
  /** Of the number of the subscription by which it is heard. */
  readonly subscriptionDigits?: number;
}

/** What one who hears it gets. */
export const heardBeat = ({ subjectBytes, bytes, subscriptionDigits = 1 }: Beat): Weight =>
  plain(subjectBytes + 1 + subscriptionDigits, bytes);

// The count grows by one each second; six digits from a day on.
const BEAT_COUNT_DIGITS = 6;

/** `ctl.node.edge.beat.<id>`: heard by every process. */
export const edgeBeat = (countDigits: number = BEAT_COUNT_DIGITS): Beat => ({
  subjectBytes: 'ctl.node.edge.beat.12345678'.length,
  bytes:
    '{"from":"12345678","count":,"names":["revocations-reached","sessions","presence","session","session-close","session-change"]}'
      .length + countDigits,
});

/** `ctl.node.ingest.beat.<id>`: heard by every process. */
export const ingestBeat = (countDigits: number = BEAT_COUNT_DIGITS): Beat => ({
  subjectBytes: 'ctl.node.ingest.beat.12345678'.length,
  bytes: '{"from":"12345678","count":,"names":["revocations-reached"]}'.length + countDigits,
});

/** `ctl.edge.<uuid>`: how far an edge has come, heard by ingests. */
export const followerBeat = (placeDigits: number = USUAL_PLACE_DIGITS): Beat => ({
  subjectBytes: 'ctl.edge.01234567-89ab-cdef-0123-456789abcdef'.length,
  bytes: '{"epoch":"12345678","position":}'.length + placeDigits,
});

/**
 * Bytes a second that beats make the servers send, to processes and to each other. It grows with the square of the processes.
 * Edges are heard by all, this process included; each beat goes once to each other server.
 */
export function beatBytesPerSec({
  edges,
  ingests,
  servers,
}: {
  readonly edges: number;
  readonly ingests: number;
  readonly servers: number;
}): { readonly toProcesses: number; readonly betweenServers: number; readonly delivered: number } {
  const [edge, ingest, follower] = [edgeBeat(), ingestBeat(), followerBeat()].map((beat) => heardBeat(beat).sent) as [
    number,
    number,
    number,
  ];
  const processes = edges + ingests;
  return {
    toProcesses: processes * (edges * edge + ingests * ingest) + edges * ingests * follower,
    // The account stands where the number of the subscription does, and `RMSG` has a letter more.
    betweenServers: (servers - 1) * (edges * (edge + 2 + follower + 2) + ingests * (ingest + 2)),
    delivered: processes * processes + edges * ingests,
  };
}
