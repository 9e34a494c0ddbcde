import type { Clock } from '@tidings/runtime';
import { describeAnswer, problemIn } from '../doctor/answerer.ts';
import { faultOf } from '../fault.ts';
import { createLatencies, type Latencies } from './latency.ts';

/** How publishing went. */
export interface Published {
  readonly taken: number;
  /** Reasons why others were not, and how many. */
  readonly failures: ReadonlyMap<string, number>;
  /** From sending to the 202. */
  readonly acknowledged: Latencies;
  /** From the first to the last that was sent. */
  readonly tookMs: number;
}

/** What to publish, and where. */
export interface Publishing {
  readonly events: number;
  readonly rate: number;
  readonly clock: Clock;
  urlOf(number: number): string;
  payloadOf(number: number, sentMs: number): string;
  readonly headers: Readonly<Record<string, string>>;
  onTaken(number: number): void;
}

// Where acknowledgements take so long that more would be under way, the rate is not kept, and the report says so.
const MOST_UNDER_WAY = 256;

/** Publishes at a steady rate: what was late is made up for. */
export async function publishAtRate(publishing: Publishing): Promise<Published> {
  const { events, rate, clock } = publishing;
  const failures = new Map<string, number>();
  const acknowledged = createLatencies();
  const underWay = new Set<Promise<void>>();
  let taken = 0;

  async function publish(number: number): Promise<void> {
    const sentMs = clock.elapsed();
    const failure = await send(publishing, number, sentMs);
    if (failure !== undefined) {
      failures.set(failure, (failures.get(failure) ?? 0) + 1);
      return;
    }
    acknowledged.note(clock.elapsed() - sentMs);
    taken += 1;
    publishing.onTaken(number);
  }

  const startMs = clock.elapsed();
  for (let number = 0; number < events; number += 1) {
    const earlyMs = startMs + (number * 1_000) / rate - clock.elapsed();
    if (earlyMs >= 1) await new Promise<void>((resolve) => clock.after(earlyMs, resolve));
    while (underWay.size >= MOST_UNDER_WAY) await Promise.race(underWay);
    const sending = publish(number).finally(() => underWay.delete(sending));
    underWay.add(sending);
  }
  const tookMs = clock.elapsed() - startMs;
  await Promise.all(underWay);
  return { taken, failures, acknowledged, tookMs };
}

/** Why it was not taken; `undefined` when it was. */
async function send(publishing: Publishing, number: number, sentMs: number): Promise<string | undefined> {
  const { urlOf, payloadOf, headers } = publishing;
  try {
    const response = await fetch(urlOf(number), { method: 'POST', headers, body: payloadOf(number, sentMs) });
    const { status, headers: head } = response;
    const seen = { status, headers: head, body: await response.text() };
    if (status === 202) return undefined;
    // Without the detail, which names the topic: the same reason counts once.
    const code = problemIn(seen)?.code;
    return code === undefined ? describeAnswer(seen) : `${status} ${code}`;
  } catch (error) {
    return faultOf(error);
  }
}
