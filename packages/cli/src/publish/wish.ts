import type { ParsedArgs } from 'citty';
import { UsageError } from '../command-error.ts';
import { parseDuration } from '../duration.ts';
import { toQuoted } from '../terminal-text.ts';

export const PUBLISH_ARGS = {
  topic: { type: 'positional', required: false, description: 'The topic. Left out with --user and --ndjson.' },
  data: {
    type: 'positional',
    required: false,
    description: 'The payload. Left out, or -: each line of standard input is one event.',
  },
  event: { type: 'string', valueHint: 'name', description: 'The name of the event, or of each.' },
  id: {
    type: 'string',
    valueHint: 'key',
    description:
      'Idempotency key: the same on the same topic within two minutes is stored once. With lines each gets <key>-<line number>.',
  },
  ttl: {
    type: 'string',
    valueHint: 'duration',
    description: 'How long it is kept in history: seconds, or such as 10m.',
  },
  at: {
    type: 'string',
    valueHint: 'time',
    description: 'Publish it at this time, such as 2026-12-24T18:00:00Z; what is printed is the id of its schedule.',
  },
  delay: { type: 'string', valueHint: 'duration', description: 'Publish it so much later: seconds, or such as 10m.' },
  store: { type: 'boolean', default: true, description: 'Live only: no history, no cursor.' },
  final: {
    type: 'boolean',
    description: 'The event, or the last line, ends a finite topic. A line then waits until the next one has come.',
  },
  user: { type: 'string', valueHint: 'id', description: 'Publish to the personal topic of this user.' },
  type: {
    type: 'string',
    valueHint: 'text|json',
    description: 'json: the payload is JSON, and subscribers get its value. Default: text, exactly as it is.',
  },
  raw: { type: 'boolean', description: 'All of standard input is one payload.' },
  ndjson: {
    type: 'boolean',
    description:
      'Each line of standard input is a whole event as JSON: topic (topics, user), data, event, id, ttl, store, final, exclude, at, delay.',
  },
  json: { type: 'boolean', description: 'Print the result of each event as JSON on one line.' },
} as const;

/** What every event gets beside its data. */
interface EventFields {
  readonly topic?: string;
  readonly user?: string;
  readonly event?: string;
  readonly ttl?: number;
  readonly store?: false;
  readonly at?: string;
  readonly delay?: number;
}

/** What is to be published. */
export interface PublishWish {
  /** `data`: the one payload. `lines`, `raw` and `ndjson` are read from standard input. */
  readonly mode: 'data' | 'lines' | 'raw' | 'ndjson';
  readonly data: string;
  readonly fields: EventFields;
  readonly id: string | undefined;
  readonly isJson: boolean;
  readonly isFinal: boolean;
}

/** @throws UsageError for options that contradict each other, or can't be used. */
export function parseWish(args: ParsedArgs<typeof PUBLISH_ARGS>): PublishWish {
  const { raw, ndjson, user, event, id, type, ttl, at, delay, store, final } = args;
  const words = [...args._];
  if (ndjson) {
    const others = { event, id, type, ttl, at, delay, user, final, raw, store: store ? undefined : true };
    const other = Object.entries(others).find(([, value]) => value !== undefined)?.[0];
    if (other ?? words[0])
      throw new UsageError('With --ndjson each line says all itself: no topic, data or other option.');
  }
  const topic = user === undefined && !ndjson ? words.shift() : undefined;
  if (topic === undefined && user === undefined && !ndjson) throw new UsageError('<topic> is missing.');
  const [data = '-', extra] = words;
  if (extra !== undefined)
    throw new UsageError(`${toQuoted(extra)} is one word too many. With --user no topic is named.`);
  if (raw && data !== '-') throw new UsageError('--raw is about standard input, and there is a payload already.');
  if (type !== undefined && type !== 'text' && type !== 'json') throw new UsageError('--type is text or json.');
  if (final && store === false)
    throw new UsageError('A final event must be stored: --final does not go with --no-store.');
  if (at !== undefined && delay !== undefined) throw new UsageError('It is --at or --delay, not both.');
  return {
    mode: ndjson ? 'ndjson' : raw ? 'raw' : data === '-' ? 'lines' : 'data',
    data,
    fields: {
      ...(topic !== undefined && { topic }),
      ...(user !== undefined && { user }),
      ...(event !== undefined && { event }),
      ...(ttl !== undefined && { ttl: parseSeconds('ttl', ttl) }),
      ...(at !== undefined && { at }),
      ...(delay !== undefined && { delay: parseSeconds('delay', delay) }),
      ...(store === false && { store }),
    },
    id,
    isJson: type === 'json',
    isFinal: final === true,
  };
}

function parseSeconds(option: string, text: string): number {
  const sec = /^\d{1,12}$/.test(text) ? Number(text) : (parseDuration(text) ?? 0) / 1_000;
  if (sec >= 1) return sec;
  throw new UsageError(`--${option} is in seconds, 1 or more, or a duration such as 10m.`);
}
