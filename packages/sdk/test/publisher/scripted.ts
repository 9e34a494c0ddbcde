import { setImmediate as nextTurn } from 'node:timers/promises';
import { toProblem } from '@tidings/protocol';
import { createFakeClock, type FakeClock } from '@tidings/runtime/testing';
import { createPublisherOf } from '../../src/publisher/create-publisher.ts';
import type { Publisher, PublisherOptions } from '../../src/publisher/index.ts';

/** Counts who listens to a signal from now on. */
export function countListeners(signal: AbortSignal): () => number {
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners += 1;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners -= 1;
    removeEventListener.apply(signal, args);
  };
  return () => listeners;
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
  readonly topic?: string | undefined;
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
