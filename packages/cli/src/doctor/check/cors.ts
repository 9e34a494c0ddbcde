import { describeAnswer, type Seen } from '../answerer.ts';
import type { Check } from '../check.ts';
import { type Finding, failed, ok, skipped } from '../finding.ts';
import { bearer, type Probe } from '../probe.ts';
import type { Asked } from '../request.ts';

const METHODS = ['GET', 'POST', 'PATCH', 'DELETE'];
const HEADERS = ['authorization', 'content-type', 'last-event-id', 'idempotency-key'];
const EXPOSED = ['tidings-session', 'retry-after'];

const words = (header: string | null): readonly string[] => (header ?? '').split(',').map((word) => word.trim());
const lowerWords = (header: string | null): readonly string[] => words(header?.toLowerCase() ?? null);

const ONLY_ONE_ANSWERS =
  'Let Tidings alone answer for CORS: no `add_header Access-Control-…` of nginx, no `enable-cors` of an ingress, no CORS rule of a CDN; and let OPTIONS through.';

const allow = (origin: string): string =>
  `Set TIDINGS_ALLOWED_ORIGINS to a list with ${origin} on the service that answered, and see that a proxy passes Origin and Host on.`;

function judgeOrigin(seen: Seen, origin: string, what: string): Finding | undefined {
  const allowed = seen.headers.get('access-control-allow-origin');
  if (allowed === null)
    return failed(`${what}: a page of ${origin} may not read it (${describeAnswer(seen)}).`, allow(origin));
  if (allowed !== origin) {
    const isOurs = words(allowed).includes(origin);
    return failed(
      `${what}: Access-Control-Allow-Origin is "${allowed}", where browsers want ${origin} alone.`,
      isOurs || allowed === '*' ? ONLY_ONE_ANSWERS : allow(origin),
    );
  }
  if (seen.headers.get('access-control-allow-credentials') !== 'true') {
    return failed(`${what}: cookies and tokens are not allowed (Access-Control-Allow-Credentials).`, ONLY_ONE_ANSWERS);
  }
  return undefined;
}

/** Judges the answer to a preflight (contract section 4). */
export function judgePreflight(seen: Seen, origin: string, what: string): Finding {
  const refusal = judgeOrigin(seen, origin, what);
  if (refusal !== undefined) return refusal;
  if (seen.status < 200 || seen.status > 299) {
    return failed(
      `${what}: a preflight must be answered with 2xx, and gets ${describeAnswer(seen)}.`,
      ONLY_ONE_ANSWERS,
    );
  }
  const methods = words(seen.headers.get('access-control-allow-methods'));
  const headers = lowerWords(seen.headers.get('access-control-allow-headers'));
  const missing = [
    ...METHODS.filter((method) => !methods.includes(method)),
    ...HEADERS.filter((name) => !headers.includes(name)),
  ];
  if (missing.length === 0) return ok(`${what}: pages of ${origin} are let in.`);
  return failed(`${what}: the preflight does not allow ${missing.join(', ')}.`, ONLY_ONE_ANSWERS);
}

/** Judges an answer itself. */
export function judgeCorsAnswer(seen: Seen, origin: string, what: string): Finding {
  const refusal = judgeOrigin(seen, origin, what);
  if (refusal !== undefined) return refusal;
  const exposed = lowerWords(seen.headers.get('access-control-expose-headers'));
  const missing = EXPOSED.filter((name) => !exposed.includes(name));
  if (missing.length > 0) return failed(`${what}: pages can not read ${missing.join(', ')}.`, ONLY_ONE_ANSWERS);
  if (!lowerWords(seen.headers.get('vary')).includes('origin')) {
    return failed(
      `${what}: Vary does not name Origin, so a cache may answer one page with what is for another.`,
      ONLY_ONE_ANSWERS,
    );
  }
  return ok(`${what}: pages of ${origin} may read it.`);
}

const preflight = (origin: string, method: string): Asked => ({
  method: 'OPTIONS',
  headers: {
    Origin: origin,
    'Access-Control-Request-Method': method,
    'Access-Control-Request-Headers': 'authorization,content-type,last-event-id',
  },
});

async function lookAtEdge(probe: Probe, origin: string): Promise<readonly Finding[]> {
  const url = `${probe.deployment.url}/v1/stream?topic=${encodeURIComponent(probe.topic)}`;
  const asked = judgePreflight(await probe.ask(url, preflight(origin, 'GET')), origin, 'Preflight of /v1/stream');
  // An origin that is not allowed fails the answer in the same way.
  if (asked.status !== 'ok') return [asked];
  const stream = probe.openStream({ headers: { Origin: origin } });
  await stream.until(({ head }) => head !== undefined, probe.patience.heldMs);
  stream.close();
  const { head, text } = stream;
  if (head === undefined) return [asked, skipped('/v1/stream: its head is held back, see stream.')];
  return [asked, judgeCorsAnswer({ ...head, body: text }, origin, '/v1/stream')];
}

async function lookAtIngest({ ask, deployment }: Probe, origin: string): Promise<readonly Finding[]> {
  const url = `${deployment.ingestUrl}/v1/events`;
  const asked = judgePreflight(await ask(url, preflight(origin, 'POST')), origin, 'Preflight of /v1/events');
  if (asked.status !== 'ok') return [asked];
  // A page that may not read a refusal sees a network fault in its place; nothing is published by it.
  const headers = { Origin: origin, 'Content-Type': 'application/json', ...bearer(deployment.publishToken) };
  return [asked, judgeCorsAnswer(await ask(url, { method: 'POST', headers, body: '[]' }), origin, '/v1/events')];
}

/** Pages of another origin may use it. */
export const corsCheck: Check = {
  id: 'cors',
  needs: ['edge', 'ingest'],
  async run(probe) {
    const { origin } = probe;
    if (origin === undefined) return [skipped('There is no --origin to ask for.')];
    return [...(await lookAtEdge(probe, origin)), ...(await lookAtIngest(probe, origin))];
  },
};
