import type { Problem } from '@tidings/protocol';

/** What is needed of an answer to tell who wrote it. */
export interface Seen {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** The problem document of an answer, when Tidings wrote it: a proxy's own pages are something else. */
export function problemIn({ headers, body }: Seen): Problem | undefined {
  if (!headers.get('content-type')?.startsWith('application/problem+json')) return undefined;
  try {
    const problem = JSON.parse(body) as Problem;
    return problem.type.startsWith('urn:tidings:problem:') ? problem : undefined;
  } catch {
    return undefined;
  }
}

export const isEventStream = (headers: Headers): boolean =>
  headers.get('content-type')?.toLowerCase().startsWith('text/event-stream') ?? false;

/** An answer in words: its status and code, or its type and what stands in front. */
export function describeAnswer(seen: Seen): string {
  const problem = problemIn(seen);
  if (problem !== undefined) return `${seen.status} ${problem.code}: ${problem.detail ?? problem.title}`;
  const { headers, status } = seen;
  const type = headers.get('content-type')?.split(';')[0];
  const by = headers.get('server') ?? headers.get('via');
  const to = headers.get('location');
  return [
    `${status}`,
    type === undefined ? 'without a body' : `with ${type}`,
    ...(to === null ? [] : [`to ${to.split('?')[0]}`]),
    ...(by === null ? [] : [`from "${by}"`]),
  ].join(' ');
}
