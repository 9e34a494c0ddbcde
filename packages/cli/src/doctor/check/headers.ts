import type { Check } from '../check.ts';
import { type Finding, failed, ok, skipped, warning } from '../finding.ts';

/** Judges whether the head of a stream is as Tidings wrote it (contract section 4). */
export function judgeHeaders(headers: Headers): readonly Finding[] {
  const findings: Finding[] = [];
  const encoding = headers.get('content-encoding');
  if (encoding !== null && encoding !== 'identity') {
    findings.push(
      failed(
        `The stream is compressed (Content-Encoding: ${encoding}): what compresses collects events before it sends them.`,
        'Take text/event-stream out of what is compressed: nginx `gzip_types` and `brotli_types` without it and without `*`, Apache `SetEnv no-gzip 1`, Traefik `compress.excludedContentTypes`.',
      ),
    );
  }
  const cacheControl = headers.get('cache-control') ?? '';
  const missing = ['no-store', 'no-transform'].filter((word) => !cacheControl.includes(word));
  if (missing.length > 0) {
    findings.push(
      warning(
        `Cache-Control arrives as "${cacheControl}", without ${missing.join(' and ')}: what lies further on may keep or compress the stream.`,
        'Let no proxy rewrite it: nginx without `expires` and `proxy_hide_header Cache-Control` for /v1/, a CDN set to respect the origin.',
      ),
    );
  }
  if (Number(headers.get('age') ?? 0) > 0) {
    findings.push(
      failed(
        'A cache answered (Age).',
        'Cache nothing under /v1/: nginx `proxy_cache off;`, a bypass rule of the CDN.',
      ),
    );
  }
  if (!headers.has('tidings-session')) {
    findings.push(
      warning(
        'Tidings-Session does not arrive: pages can not change their streams before the first event.',
        'Let response headers through that the proxy does not know.',
      ),
    );
  }
  if (findings.length > 0) return findings;
  // nginx heeds it and takes it away.
  const heeded = headers.has('x-accel-buffering')
    ? ''
    : ' X-Accel-Buffering was taken by a proxy, as nginx does that heeds it.';
  return [ok(`The headers arrive as they were sent.${heeded}`)];
}

/** Its head is unharmed. */
export const headersCheck: Check = {
  id: 'headers',
  needs: ['edge'],
  async run(probe) {
    const { head } = probe.quietStream();
    if (head?.status !== 200) return [skipped('No stream was opened.')];
    return judgeHeaders(head.headers);
  },
};
