import { randomBytes } from 'node:crypto';
import { isTopic } from '@tidings/protocol';
import { UsageError } from '../command-error.ts';
import { type Given, numberOf, textOf } from '../option-value.ts';

/** What a bench does. Event `n` goes to topic `n % topics`, stream `s` listens on topic `s % topics`. */
export interface BenchPlan {
  readonly streams: number;
  readonly topics: number;
  /** Events a second. */
  readonly rate: number;
  readonly sizeBytes: number;
  readonly durationSec: number;
  /** What the names of the topics begin with. */
  readonly prefix: string;
}

/** Room for what a payload says of itself. */
const LEAST_BYTES = 64;
const MOST_DELIVERIES = 200_000_000;

/** Reads it from options. @throws UsageError for what is none. */
export function parsePlan(given: Given): BenchPlan {
  const whole = (option: string, fallback: number, least: number, most: number): number =>
    Math.floor(numberOf(given, option, fallback, least, most));
  const streams = whole('streams', 100, 1, 50_000);
  const plan: BenchPlan = {
    streams,
    // A topic that nobody listens on would be measured by nobody.
    topics: Math.min(streams, whole('topics', 10, 1, 50_000)),
    rate: numberOf(given, 'rate', 100, 0.1, 100_000),
    sizeBytes: whole('size', 200, LEAST_BYTES, 256_000),
    durationSec: numberOf(given, 'duration', 10, 0.1, 86_400),
    prefix: textOf(given.topic) ?? `tidings.bench.${randomBytes(6).toString('hex')}`,
  };
  if (!isTopic(topicOf(plan, plan.topics)))
    throw new UsageError('--topic is what topics begin with, such as load.test.');
  if (deliveriesPerSec(plan) * plan.durationSec > MOST_DELIVERIES) {
    throw new UsageError(`That is more than ${MOST_DELIVERIES} deliveries: take fewer streams, events or seconds.`);
  }
  return plan;
}

export const topicOf = ({ prefix }: BenchPlan, topic: number): string => `${prefix}.${topic}`;

/** How many events it publishes. */
export const eventsOf = ({ rate, durationSec }: BenchPlan): number => Math.max(1, Math.round(rate * durationSec));

/** How many streams listen on a topic. */
export const streamsOn = ({ streams, topics }: BenchPlan, topic: number): number =>
  Math.ceil((streams - topic) / topics);

const deliveriesPerSec = ({ rate, streams, topics }: BenchPlan): number => (rate * streams) / topics;

/** What a deployment that others use should not be asked by mistake; each that is beyond, in words. */
export function excessesOf(plan: BenchPlan): readonly string[] {
  const deliveries = deliveriesPerSec(plan);
  return [
    [plan.streams, 1_000, 'streams'],
    [plan.rate, 1_000, 'events a second'],
    [deliveries, 20_000, 'deliveries a second'],
    [(deliveries * plan.sizeBytes) / 1e6, 10, 'MB of deliveries a second'],
    [plan.durationSec, 60, 'seconds'],
  ].flatMap(([value, most, what]) => (Number(value) > Number(most) ? [`${value} ${what}, above ${most}`] : []));
}
