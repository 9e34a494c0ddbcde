import { randomBytes } from 'node:crypto';
import type { Clock } from '@tidings/runtime';
import type { Deployment } from '../deployment.ts';
import { edgeOf } from './opened-stream.ts';
import { type Answer, type Asked, request } from './request.ts';
import { openTimedStream, type TimedStream } from './timed-stream.ts';

/** What the doctor is asked to do. */
export interface DoctorOptions {
  readonly deployment: Deployment;
  /** The topic to publish to and listen on; one that nobody else uses when absent. */
  readonly topic: string | undefined;
  /** The origin of a page that is to use the deployment. */
  readonly origin: string | undefined;
  /** Longest silence that is expected between heartbeats; `undefined`: they are not waited for. */
  readonly heartbeatMs: number | undefined;
  readonly patience: Patience;
  readonly clock: Clock;
}

/** How long things may take. */
export interface Patience {
  /** An answer, or a connection. */
  readonly answerMs: number;
  /** What should come at once: what has not come by then is held back. */
  readonly heldMs: number;
  /** What comes later than this is slow. */
  readonly slowMs: number;
}

export const PATIENCE: Patience = { answerMs: 10_000, heldMs: 2_500, slowMs: 1_000 };

/** The `Date` of an answer, with the times of this machine between which it was written. All in ms since 1970. */
export interface DateSample {
  readonly askedAtMs: number;
  readonly answeredAtMs: number;
  readonly dateMs: number;
}

/** What to ask for, of a stream. */
interface StreamAsked {
  readonly lastEventId?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The way to a deployment, for all checks; it remembers what each of them may want to know of the others. */
export interface Probe extends DoctorOptions {
  readonly topic: string;
  readonly dates: readonly DateSample[];
  /** The edges that opened streams, by the beginnings of session ids. */
  readonly edges: ReadonlySet<string>;
  /** @throws Error when there is no answer. */
  ask(url: string, asked?: Asked): Promise<Answer>;
  /** As an EventSource asks, but with the token in its header. */
  openStream(asked?: StreamAsked): TimedStream;
  /** One stream that stays open and gets nothing; opened when it is first asked for. */
  quietStream(): TimedStream;
  /** Publishes a payload that history forgets within a minute. @throws Error when there is no answer. */
  publish(payload: string, how?: 'stored' | 'live only'): Promise<Answer>;
  /** Closes what is still open. */
  close(): void;
}

const TTL_SEC = '60';

export const bearer = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { Authorization: `Bearer ${token}` };

export function createProbe(options: DoctorOptions): Probe {
  const { deployment, clock, patience } = options;
  const randomTopic = (): string => options.topic ?? `tidings.doctor.${randomBytes(6).toString('hex')}`;
  const topic = randomTopic();
  const dates: DateSample[] = [];
  const open: TimedStream[] = [];
  let quiet: TimedStream | undefined;

  function noteDate(headers: Headers, askedAtMs: number): void {
    const dateMs = Date.parse(headers.get('date') ?? '');
    if (!Number.isNaN(dateMs)) dates.push({ askedAtMs, answeredAtMs: clock.now(), dateMs });
  }

  async function ask(url: string, asked: Asked = {}): Promise<Answer> {
    const askedAtMs = clock.now();
    const answer = await request(url, asked, patience.answerMs, clock);
    noteDate(answer.headers, askedAtMs);
    return answer;
  }

  function openStreamOf(ofTopic: string, asked: StreamAsked): TimedStream {
    const query = new URLSearchParams({ topic: ofTopic, ...asked.query });
    const headers = {
      Accept: 'text/event-stream',
      'Accept-Encoding': 'gzip, deflate, br',
      'Cache-Control': 'no-cache',
      ...(asked.query?.access_token === undefined && bearer(deployment.token)),
      ...(asked.lastEventId !== undefined && { 'Last-Event-ID': asked.lastEventId }),
      ...asked.headers,
    };
    const stream = openTimedStream(`${deployment.url}/v1/stream?${query}`, headers, clock);
    open.push(stream);
    return stream;
  }

  return {
    ...options,
    topic,
    dates,
    get edges() {
      return new Set(open.flatMap((stream) => edgeOf(stream) ?? []));
    },
    ask,
    openStream: (asked = {}) => openStreamOf(topic, asked),
    quietStream() {
      quiet ??= openStreamOf(randomTopic(), {});
      return quiet;
    },
    publish(payload, how = 'stored') {
      const query = new URLSearchParams(how === 'stored' ? { ttl: TTL_SEC } : { store: 'false' });
      return ask(`${deployment.ingestUrl}/v1/topics/${encodeURIComponent(topic)}/events?${query}`, {
        method: 'POST',
        headers: { 'Content-Type': 'text/plain; charset=utf-8', ...bearer(deployment.publishToken) },
        body: payload,
      });
    },
    close() {
      for (const stream of open) stream.close();
    },
  };
}
