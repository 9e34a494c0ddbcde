import type { EventToPublish } from './publisher.ts';

/** An event as it goes out, a line of NDJSON. It has an idempotency key, and keeps it over repetitions. */
export interface EventLine {
  /** Its place in what the caller gave, from 0. */
  readonly index: number;
  /** Where it goes: it has a result for each. `undefined` stands for the topic of a user, which the server names. */
  readonly topics: readonly (string | undefined)[];
  /** As UTF-8, with its line feed. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same event for some of its topics alone; only one that was addressed to several has it. */
  readonly forTopics: ((topics: readonly string[]) => EventLine) | undefined;
}

const encoder = new TextEncoder();

/** @throws TypeError for data that JSON can't say: `undefined`, a function, a bigint, what contains itself. */
export function toEventLine(given: EventToPublish, index: number): EventLine {
  const { data, ...rest } = given;
  const json = JSON.stringify(data) as string | undefined;
  if (json === undefined)
    throw new TypeError('data is a string or a JSON value, such as { state: "shipped" } or null.');
  const head = { ...rest, id: given.id ?? crypto.randomUUID() };
  const bytes = encoder.encode(`${JSON.stringify(head).slice(0, -1)},"data":${json}}\n`);
  if (!('topics' in given)) {
    return { index, topics: ['topic' in given ? given.topic : undefined], bytes, forTopics: undefined };
  }
  const forTopics = (topics: readonly string[]): EventLine => toEventLine({ ...given, id: head.id, topics }, index);
  return { index, topics: [...new Set(given.topics)], bytes, forTopics };
}
