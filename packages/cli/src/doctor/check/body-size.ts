import { describeAnswer, problemIn, type Seen } from '../answerer.ts';
import type { Check } from '../check.ts';
import { type Finding, ok, warning } from '../finding.ts';
import { bearer } from '../probe.ts';
import { NO_PUBLISH_TOKEN } from '../published.ts';

// Over what nginx takes unless it is told otherwise (1 MB), and over what an event may have: nothing is published.
const BYTES = 1_300_000;

/** Judges the answer to one event that is too large for Tidings, in a body that is not. */
export function judgeBodySize(seen: Seen): Finding {
  if (problemIn(seen) !== undefined) return ok('Bodies of over 1 MB reach the ingest.');
  return warning(
    `A body of ${(BYTES / 1e6).toFixed(1)} MB gets ${describeAnswer(seen)}, which is not from Tidings: batches are refused on the way.`,
    'Let bodies through up to TIDINGS_MAX_BODY_BYTES (8 MiB): nginx `client_max_body_size 8m;`, ingress-nginx `nginx.ingress.kubernetes.io/proxy-body-size: 8m`.',
  );
}

/** Batches of the size that Tidings takes reach it. */
export const bodySizeCheck: Check = {
  id: 'body-size',
  needs: ['ingest'],
  async run({ deployment: { ingestUrl, publishToken }, topic, ask }) {
    if (publishToken === undefined) return [NO_PUBLISH_TOKEN];
    const body = JSON.stringify({ topic, data: 'x'.repeat(BYTES) });
    const headers = { 'Content-Type': 'application/json', ...bearer(publishToken) };
    return [judgeBodySize(await ask(`${ingestUrl}/v1/events`, { method: 'POST', headers, body }))];
  },
};
