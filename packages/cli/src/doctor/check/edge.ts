import { KEEP_ERROR_ANSWERS, ROUTE_THE_PATH } from '../advice.ts';
import { describeAnswer, isEventStream, problemIn, type Seen } from '../answerer.ts';
import type { Check } from '../check.ts';
import { type Finding, failed, ok } from '../finding.ts';
import type { Probe } from '../probe.ts';

/** The name and version of a service, from its OpenAPI document; it may be out of reach. */
export type Described = string | undefined;

const PASSING: Readonly<Record<string, string>> = {
  unavailable:
    'The edge is cut off from NATS: look at tidings_broker_connected of its /metrics, at the servers, and at TIDINGS_NATS_URL and its credentials.',
  'at-capacity': 'Add edges, or raise TIDINGS_MAX_CONNECTIONS and the limit of open files (LimitNOFILE).',
  draining: 'This edge is being stopped: the balancer should ask /readyz and send nothing to it any more.',
};

/** Judges the answer to a request for a stream that shows no token. */
export function judgeEdge(seen: Seen, described: Described): Finding {
  const { status, headers } = seen;
  const problem = problemIn(seen);
  const name = described ?? 'A Tidings edge';
  // Without a token some topics may be open to all.
  if (
    problem?.code === 'unauthenticated' ||
    (status === 200 && isEventStream(headers) && headers.has('tidings-session'))
  )
    return ok(`${name} answers.`);
  if (problem === undefined) return judgeStranger(seen);
  const passing = PASSING[problem.code];
  if (passing !== undefined) return failed(`${name} answers ${describeAnswer(seen)}`, passing);
  return failed(
    `A Tidings answers, but not as an edge: ${describeAnswer(seen)}`,
    'Name the edge with --url, and the ingest with --ingest-url. Where one host serves both, its proxy sends GET /v1/stream to the edges.',
  );
}

/** Judges the answer to a publish that shows no token. */
export function judgeIngest(seen: Seen, described: Described): Finding {
  const problem = problemIn(seen);
  if (problem?.code === 'unauthenticated') return ok(`${described ?? 'A Tidings ingest'} takes events.`);
  if (problem === undefined) return judgeStranger(seen);
  return failed(
    `A Tidings answers, but not as an ingest: ${describeAnswer(seen)}`,
    'Name the ingest with --ingest-url. Where one host serves both, its proxy sends POSTs of events to the ingests (docs/reference has which path is whose).',
  );
}

function judgeStranger(seen: Seen): Finding {
  const what = describeAnswer(seen);
  if (seen.status >= 300 && seen.status < 400) {
    return failed(
      `It redirects: ${what}. An EventSource of a page does not carry its token along.`,
      'Use the address that it redirects to. Where that is a login page, let /v1/ pass it by.',
    );
  }
  if (seen.status >= 502 && seen.status <= 504) {
    return failed(
      `A proxy answers ${what}: it does not reach Tidings.`,
      'Check the address and port of its upstream, and /readyz on the admin port of the services.',
    );
  }
  if (seen.status === 401) return failed(`Not Tidings, but something in front answers ${what}.`, KEEP_ERROR_ANSWERS);
  return failed(`What answers is not Tidings: ${what}.`, ROUTE_THE_PATH);
}

/** Judges what a token that is none gets: the problem document must come through. */
export function judgeRefusal(seen: Seen): Finding {
  const problem = problemIn(seen);
  if (problem?.code === 'unauthenticated') {
    return ok('A token that is none gets 401 with a problem document, as an EventSource that should give up does.');
  }
  if (problem !== undefined) return ok(`A token that is none gets ${describeAnswer(seen)}, from Tidings.`);
  if (isEventStream(seen.headers) && seen.body.includes('event: hub.bye')) {
    return ok('A token that is none is asked softly to come back, by Tidings: what is in its way will pass.');
  }
  if (seen.status === 200) {
    return failed(
      `A token that is none gets ${describeAnswer(seen)}: a proxy lets it in with a token of its own, or a cache answers.`,
      'Let the proxy pass Authorization on as it came, and cache nothing under /v1/.',
    );
  }
  return failed(
    `A token that is none gets ${describeAnswer(seen)}, which is not from Tidings: clients can't tell what went wrong.`,
    KEEP_ERROR_ANSWERS,
  );
}

async function describe(probe: Probe, url: string): Promise<Described> {
  try {
    const { body } = await probe.ask(`${url}/openapi.json`);
    const { info } = JSON.parse(body) as { info?: { title?: string; version?: string } };
    return info?.title?.startsWith('Tidings') ? `${info.title} ${info.version ?? ''}`.trim() : undefined;
  } catch {
    // A proxy may well keep it to itself: only /v1/ has to be reached.
    return undefined;
  }
}

const STREAM = '/v1/stream?topic=';
const ASK_FOR_STREAM = { Accept: 'text/event-stream' };

/** There is a Tidings edge. */
export const edgeCheck: Check = {
  id: 'edge',
  needs: ['tls'],
  async run(probe) {
    const { url } = probe.deployment;
    const topic = encodeURIComponent(probe.topic);
    // It names a client: what is put softly to an EventSource would say less.
    const seen = await probe.ask(`${url}${STREAM}${topic}&client=tidings-doctor/1`, { headers: ASK_FOR_STREAM });
    return [judgeEdge(seen, await describe(probe, url))];
  },
};

/** There is a Tidings ingest. */
export const ingestCheck: Check = {
  id: 'ingest',
  needs: ['tls'],
  async run(probe) {
    const { ingestUrl } = probe.deployment;
    const headers = { 'Content-Type': 'application/json' };
    const seen = await probe.ask(`${ingestUrl}/v1/events`, { method: 'POST', headers, body: '[]' });
    return [judgeIngest(seen, await describe(probe, ingestUrl))];
  },
};

// Shaped like a token, so that whatever looks for one finds it.
const NO_TOKEN = `${Buffer.from('{"alg":"HS256"}').toString('base64url')}.e30.AAAA`;

/** A refusal reaches the client as Tidings wrote it. */
export const refusalCheck: Check = {
  id: 'refusal',
  needs: ['edge'],
  async run(probe) {
    const headers = { ...ASK_FOR_STREAM, Authorization: `Bearer ${NO_TOKEN}` };
    return [
      judgeRefusal(await probe.ask(`${probe.deployment.url}${STREAM}${encodeURIComponent(probe.topic)}`, { headers })),
    ];
  },
};
