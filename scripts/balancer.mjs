// What stands before a deployment: one address, behind which requests go to whoever answers them (contract section 1), and
// streams to the edges in turn. Small, and for development and tests: no TLS, no HTTP/2, no limits of its own.
import { createServer, request } from 'node:http';
import { Transform } from 'node:stream';

const HEALTH_MS = 200;
/** What writes events is the ingest's; the same paths may be read at an edge. */
const WRITES = /^\/v1\/(events|hooks\/[^/]+|(topics|users)\/[^/]+\/events)$/;
/** What is scheduled is the ingest's too, whatever the method. */
const SCHEDULES = /^\/v1\/schedules(\/|$)/;
/** Of one connection, and not of what it carries (RFC 9110 section 7.6.1). */
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'te', 'trailer'];

/**
 * @typedef {{ name: string, url: string, adminUrl: string }} Node
 * @typedef {object} BalancerOptions
 * @property {() => readonly Node[]} edges Those that there are now, up or not.
 * @property {() => string} ingestUrl
 * @property {(incoming: import('node:http').IncomingMessage, outgoing: import('node:http').ServerResponse) => boolean} [answer]
 *   Answers a request itself, and says so.
 */

/**
 * Listens on the loopback address.
 * @param {number} port 0 takes a free one.
 * @param {BalancerOptions} options
 */
export async function startBalancer(port, { edges, ingestUrl, answer }) {
  /** @type {Map<string, import('node:http').ServerResponse>} The open streams, by their sessions. */
  const streams = new Map();
  const unready = new Set();
  let turn = 0;

  const timer = setInterval(() => {
    for (const { name, adminUrl } of edges()) {
      void isReady(adminUrl).then((ready) => (ready ? unready.delete(name) : unready.add(name)));
    }
  }, HEALTH_MS);

  /** The edges in the order in which they are tried: those that are ready, the next in turn first. */
  function inTurn() {
    const all = edges();
    const ready = all.filter(({ name }) => !unready.has(name));
    const tried = ready.length > 0 ? ready : all;
    turn += 1;
    return tried.map((_, place) => tried[(place + turn) % tried.length]);
  }

  function pass(incoming, outgoing, [target, ...others]) {
    if (target === undefined) return refuse(outgoing);
    const { hostname, port: targetPort } = new URL(target.url);
    const { method, url: path, headers } = incoming;
    // Without its framing the body of a GET or DELETE would be read as another request.
    const framing = headers['transfer-encoding'] && { 'transfer-encoding': headers['transfer-encoding'] };
    const sentHeaders = { ...withoutHops(headers), ...framing };
    const sent = request({ hostname, port: targetPort, method, path, headers: sentHeaders, agent: false });
    sent.on('response', (answered) => {
      // Whoever answers early reads no more of the body.
      incoming.unpipe();
      incoming.resume();
      outgoing.writeHead(answered.statusCode ?? 502, withoutHops(answered.headers));
      outgoing.flushHeaders();
      answered.pipe(outgoing);
      const session = answered.headers['tidings-session'];
      if (typeof session === 'string') streams.set(session, outgoing);
      // One that breaks off must break off for the client too.
      answered.on('close', () => {
        streams.delete(session);
        if (!answered.complete) outgoing.destroy();
      });
    });
    sent.on('error', (error) => {
      // What was answered early is passed on all the same; an answer that breaks off is seen above.
      if (outgoing.headersSent) return;
      // Nobody listens there: nothing of the request was sent, and another may have it.
      const isRefused = error.code === 'ECONNREFUSED';
      if (isRefused) unready.add(target.name);
      pass(incoming, outgoing, isRefused ? others : []);
    });
    outgoing.on('close', () => sent.destroy());
    // A request that was read once can't be sent again: only what has no body is tried elsewhere.
    if (others.length > 0 && headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) {
      sent.end();
    } else {
      sent.on('socket', (socket) => socket.once('connect', () => incoming.pipe(createPacer()).pipe(sent)));
    }
  }

  const server = createServer((incoming, outgoing) => {
    if (answer?.(incoming, outgoing)) return;
    const [path = ''] = (incoming.url ?? '').split('?');
    const isRead = incoming.method === 'GET' || incoming.method === 'HEAD';
    const isWrite = SCHEDULES.test(path) || (WRITES.test(path) && !isRead);
    pass(incoming, outgoing, isWrite ? [{ name: 'ingest', url: ingestUrl() }] : inTurn());
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(undefined));
  });
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${address.port}`,
    /** Breaks the connection of a stream without a word; answers whether there was one. */
    cut(session) {
      const outgoing = streams.get(session);
      streams.delete(session);
      outgoing?.destroy();
      return outgoing !== undefined;
    },
    close() {
      clearInterval(timer);
      server.close();
      server.closeAllConnections();
    },
  };
}

function withoutHops(headers) {
  // What `Connection` names is of the connection too.
  const named = (headers.connection ?? '').toLowerCase().split(/[\s,]+/);
  const hops = new Set([...HOP_BY_HOP, ...named]);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hops.has(name)));
}

/** Has what has been answered read before more is written: to write where nobody reads any more loses the answer. */
function createPacer() {
  return new Transform({
    transform(piece, _encoding, done) {
      setImmediate(done, null, piece);
    },
  });
}

function refuse(outgoing) {
  outgoing.writeHead(503, { 'Content-Type': 'application/problem+json', 'Retry-After': '1' });
  outgoing.end(JSON.stringify({ status: 503, code: 'unavailable', title: 'Nobody behind the balancer answers' }));
}

function isReady(adminUrl) {
  return new Promise((resolve) => {
    const asked = request(`${adminUrl}/readyz`, { agent: false, timeout: 1_000 }, (answered) => {
      answered.resume();
      resolve(answered.statusCode === 200);
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(false));
    asked.end();
  });
}
