import { setImmediate as nextTurn } from 'node:timers/promises';
import { mintToken } from '@tidings/auth';
import { type Hub, startHub } from '@tidings/hub';
import { toProblem } from '@tidings/protocol';
import { createLogger, loadSettings, systemClock } from '@tidings/runtime';
import { createFakeClock, type FakeClock, readLogLine } from '@tidings/runtime/testing';
import { createPublisherOf } from '../../src/publisher/create-publisher.ts';
import type { Publisher, PublisherOptions } from '../../src/publisher/index.ts';

export const SECRET = 'a secret of this test that is 32 bytes or longer';

export const mint = (publish: readonly string[] = ['>'], lifetimeSec = 3_600): Promise<string> =>
  mintToken(SECRET, { sub: 'alice', tidings: { publish, subscribe: ['>'] } }, lifetimeSec, systemClock);

/** A hub on free ports, or on the one of `env`. Whoever starts it stops it. */
export function startTestHub(env: NodeJS.ProcessEnv = {}): Promise<Hub> {
  const log = createLogger('hub', 'debug', { write: readLogLine });
  return startHub(loadSettings({ PORT: '0', TIDINGS_ADMIN_PORT: '0', TIDINGS_JWT_SECRET: SECRET, ...env }), log);
}

/** An event as history has it. */
export interface Stored {
  readonly id: string;
  readonly topic: string;
  readonly event?: string;
  readonly data: unknown;
}

/** All that is kept of a topic or pattern, in its order. */
export async function readHistory(hub: Hub, topic: string): Promise<Stored[]> {
  const headers = { authorization: `Bearer ${await mint()}` };
  const all: Stored[] = [];
  for (let after = ''; ; ) {
    const url = `${hub.url}/v1/topics/${encodeURIComponent(topic)}/events?limit=1000${after && `&after=${after}`}`;
    const answer = await fetch(url, { headers });
    if (!answer.ok) throw new Error(await answer.text());
    const { events, next } = (await answer.json()) as { events: Stored[]; next: string };
    if (events.length === 0) return all;
    all.push(...events);
    after = next;
  }
}

/** A line of a request. */
export interface SentLine {
  readonly id: string;
  readonly topic?: string;
  readonly topics?: readonly string[];
  readonly data: unknown;
  readonly [field: string]: unknown;
}

export interface SentRequest {
  /** By the test's clock. */
  readonly atMs: number;
  readonly url: string;
  readonly token: string;
  readonly lines: readonly SentLine[];
  readonly signal: AbortSignal;
}

/** What a server of a test does with a request; one that throws is a connection that breaks. */
export type Behaviour = (request: SentRequest) => Response | Promise<Response>;

/** A publisher whose server and clock are a test's. */
export interface Scripted {
  readonly publisher: Publisher;
  readonly clock: FakeClock;
  readonly requests: SentRequest[];
  /** Moves time on until the promise is settled; answers its outcome, and how long it took. */
  run<Result>(promise: Promise<Result>): Promise<PromiseSettledResult<Result> & { readonly tookMs: number }>;
}

/** The n-th request meets the n-th behaviour, those beyond the last one meet that. Jitter is all but the whole span. */
export function createScripted(behaviours: readonly Behaviour[], options: Partial<PublisherOptions> = {}): Scripted {
  const clock = createFakeClock();
  const requests: SentRequest[] = [];
  const fetch = async (input: unknown, init?: RequestInit): Promise<Response> => {
    const { authorization = '' } = Object.fromEntries(new Headers(init?.headers));
    const request = {
      atMs: clock.elapsed(),
      url: String(input),
      token: authorization.replace('Bearer ', ''),
      lines: toLines(init?.body as Uint8Array),
      signal: init?.signal as AbortSignal,
    };
    requests.push(request);
    const behave = behaviours[Math.min(requests.length, behaviours.length) - 1] as Behaviour;
    return behave(request);
  };
  const given = { url: 'http://hub.example', token: 'a-token', fetch: fetch as typeof globalThis.fetch, ...options };
  const publisher = createPublisherOf(given, { clock, random: () => 0.999 });
  return {
    publisher,
    clock,
    requests,
    async run(promise) {
      const startMs = clock.elapsed();
      let outcome: PromiseSettledResult<Awaited<typeof promise>> | undefined;
      void Promise.allSettled([promise]).then(([settled]) => {
        outcome = settled;
      });
      while (true) {
        for (let turn = 0; turn < 4; turn += 1) await nextTurn();
        if (outcome !== undefined) return { ...outcome, tookMs: clock.elapsed() - startMs };
        clock.advance(10);
      }
    },
  };
}

const toLines = (body: Uint8Array): SentLine[] =>
  Buffer.from(body)
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

type Result = {
  readonly status: number;
  readonly index: number;
  readonly topic?: string;
  readonly [key: string]: unknown;
};

/** Results as the server answers them. */
export const answerResults = (
  results: readonly Result[],
  status = 202,
  headers: Record<string, string> = {},
): Response =>
  Response.json(status < 400 ? { results } : { ...toProblem('unavailable'), results }, { status, headers });

/** Takes everything. */
export const accept: Behaviour = ({ lines }) =>
  answerResults(
    lines.flatMap(({ topic, topics, user, id }, index) =>
      (topics ?? [topic ?? `user.${user}`]).map((each) => ({ status: 202, index, topic: each, id: `cursor of ${id}` })),
    ),
  );

/** Refuses a request as a whole. */
export const refuse =
  (code: Parameters<typeof toProblem>[0], headers: Record<string, string> = {}, detail?: string): Behaviour =>
  () => {
    const problem = toProblem(code, detail);
    const type = { 'content-type': 'application/problem+json' };
    return new Response(JSON.stringify(problem), { status: problem.status, headers: { ...type, ...headers } });
  };

export const failed = (
  index: number,
  topic: string,
  code: Parameters<typeof toProblem>[0],
  detail?: string,
): Result => {
  const problem = toProblem(code, detail);
  return { status: problem.status, index, topic, problem };
};

/** Breaks the connection. */
export const breakOff: Behaviour = () => {
  throw new TypeError('fetch failed');
};

/** Says nothing, and does not heed a signal either. */
export const hang: Behaviour = () => new Promise(() => {});
