// What a load test is aimed at, and how large it is: all of it comes from the environment (loadtest/README.md).
import { Streams, type StreamsOptions } from 'k6/x/tidings';

const list = (text: string | undefined): string[] =>
  (text ?? '')
    .split(/[,\n]/)
    .map((each) => each.trim().replace(/\/$/, ''))
    .filter((each) => each !== '');

function need(name: string, what: string): string {
  const value = __ENV[name];
  if (!value) throw new Error(`${name} is missing: ${what}`);
  return value;
}

/** Where streams are opened: edges, a hub, or what stands before them. */
export const EDGES: readonly string[] = list(need('TIDINGS_URL', 'where streams are opened, as http://127.0.0.1:8080'));
/** Where events are published. */
export const INGEST: string = __ENV.TIDINGS_INGEST_URL?.replace(/\/$/, '') || (EDGES[0] as string);
/** Admin ports of the edges or the hub; without them CPU and memory of the servers are not told. */
export const ADMINS: readonly string[] = list(__ENV.TIDINGS_ADMIN_URLS);

/** May publish to every topic of the test; streams carry it too, unless they have tokens of their own. */
export const TOKEN: string = need('TIDINGS_TOKEN', 'a token that may publish and subscribe to lt.>');
const TOKENS: readonly string[] = __ENV.TIDINGS_TOKENS_FILE ? list(open(__ENV.TIDINGS_TOKENS_FILE)) : [TOKEN];

/**
 * A size of the test: from the environment, else as the scenario has it.
 * @throws Error when it is no number above or at 0.
 */
export function size(name: string, otherwise: number): number {
  const text = __ENV[name];
  if (text === undefined || text === '') return otherwise;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`${name} is ${text}, which is no size`);
  return value;
}

/** Topics of one run stand apart from those of others: a second load test may run beside it. */
export const RUN: string = __ENV.RUN_ID || `${Date.now().toString(36)}${Math.floor(Math.random() * 1e6).toString(36)}`;

/** A topic of this run; `{n}` in it stands for a number. */
export const topicOf = (name: string): string => `lt.${RUN}.${name}`;

/** Streams of all the given topics, with what every scenario lets the environment say. */
export function streamsOf(topics: readonly string[], options: Omit<StreamsOptions, 'url'>): Streams {
  const query = topics.map((topic) => `topic=${topic}`).join('&');
  const http = __ENV.HTTP || options.http || 'h1';
  if (http !== 'h1' && http !== 'h2') throw new Error(`HTTP is ${http}: it is h1 or h2`);
  return new Streams({
    tokens: TOKENS,
    streamsPerConnection: size('STREAMS_PER_CONNECTION', 100),
    connectionsPerSecond: size('CONNECTIONS_PER_SECOND', 0),
    ...options,
    http,
    url: EDGES.map((edge) => `${edge}/v1/stream?${query}`),
  });
}
