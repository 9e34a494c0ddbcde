import { randomBytes } from 'node:crypto';
import { parseCursor } from '@tidings/protocol';
import { PASS_THE_STREAM_ON } from '../advice.ts';
import type { Check } from '../check.ts';
import { duration, type Finding, failed, ok, skipped, warning } from '../finding.ts';
import { awaitLive, refusalOf } from '../opened-stream.ts';
import { bearer, type Patience, type Probe } from '../probe.ts';
import { judgePublish, NO_PUBLISH_TOKEN } from '../published.ts';
import type { Answer } from '../request.ts';
import type { StreamRecord, TimedStream } from '../timed-stream.ts';

/** What became of the events that were published. */
export interface DeliverySeen {
  /** How long each took, from before it was published until it came. */
  readonly tookMs: readonly number[];
  /** The first that did not come in time. */
  readonly missing?: {
    readonly waitedMs: number;
    /** It came once so many more bytes had been sent behind it; absent when it never did. */
    readonly cameAfterBytes?: number;
    readonly found: Found;
  };
}

/** Where an event is that did not come on its stream. */
type Found = 'in history' | 'nowhere' | 'in another log' | 'unknown';

const EVENTS = 3;
// More than nginx holds in its eight buffers of 4 or 8 KB, and than most others do.
const PIECE_BYTES = 8_192;
const MOST_PIECES = 16;

export function judgeDelivery({ tookMs, missing }: DeliverySeen, { slowMs }: Patience): Finding {
  if (missing === undefined) {
    const worstMs = Math.max(...tookMs);
    if (worstMs <= slowMs) return ok(`Events arrive within ${duration(worstMs)} of being published.`);
    return warning(
      `An event took ${duration(worstMs)} from publishing to arriving.`,
      'Look at tidings_publish_duration_seconds of the ingests, tidings_delivery_latency_seconds and tidings_feed_lag_seconds of the edges, and for a proxy that scans answers.',
    );
  }
  const waited = duration(missing.waitedMs);
  if (missing.cameAfterBytes !== undefined) {
    return failed(
      `An event did not arrive within ${waited}, and came once some ${kilobytes(missing.cameAfterBytes)} had collected behind it: a proxy buffers the stream.`,
      PASS_THE_STREAM_ON,
    );
  }
  if (missing.found === 'nowhere' || missing.found === 'in another log') {
    const where =
      missing.found === 'nowhere' ? 'is not in the history of the edge' : 'stands in another log than the stream is of';
    return failed(
      `An event was published, did not arrive within ${waited}, and ${where}: ingest and edge do not share one log.`,
      'Give all of them the same TIDINGS_NATS_URL (hubs without it are islands), and use tokens of one tenant. Else look at tidings_feed_lag_seconds.',
    );
  }
  const kept = missing.found === 'in history' ? ', though the edge has it in its history' : '';
  return failed(
    `An event did not arrive within ${waited}, nor after ${kilobytes(PIECE_BYTES * MOST_PIECES)} more${kept}: a proxy holds the stream back to its end (buffers).`,
    PASS_THE_STREAM_ON,
  );
}

const kilobytes = (bytes: number): string => `${Math.max(1, Math.round(bytes / 1_024))} KB`;

const has = (stream: StreamRecord, payload: string): boolean => stream.events.some(({ data }) => data === payload);

/** Where history ends before anything is published: others may have filled the topic. */
async function positionOf({ ask, deployment: { url, token } }: Probe): Promise<string | undefined> {
  const { status, body } = await ask(`${url}/v1/position`, { headers: bearer(token) });
  return status === 200 ? (JSON.parse(body) as { cursor: string }).cursor : undefined;
}

async function find(
  probe: Probe,
  before: string | undefined,
  streamCursor: string,
  payload: string,
  receipt: Answer,
): Promise<Found> {
  const stored = logOf((JSON.parse(receipt.body) as { id: string }).id);
  const listening = logOf(streamCursor) ?? logOf(before);
  if (listening !== undefined && listening !== stored) return 'in another log';
  if (before === undefined) return 'unknown';
  const { url, token } = probe.deployment;
  const path = `/v1/topics/${encodeURIComponent(probe.topic)}/events?after=${before}`;
  const { status, body } = await probe.ask(url + path, { headers: bearer(token) });
  if (status !== 200) return 'unknown';
  return body.includes(payload) ? 'in history' : 'nowhere';
}

const logOf = (cursor: string | undefined): string | undefined => parseCursor(cursor ?? '')?.epoch;

// Until what was held back is pushed out by what comes behind it. It is random, so that compressing makes it no smaller.
async function pushOut(probe: Probe, stream: TimedStream, payload: string): Promise<number | undefined> {
  for (let piece = 1; piece <= MOST_PIECES; piece += 1) {
    const filler = randomBytes((PIECE_BYTES * 3) / 4).toString('base64');
    if ((await probe.publish(filler, 'live only')).status !== 202) return undefined;
    if (await stream.until((seen) => has(seen, payload), probe.patience.heldMs / MOST_PIECES))
      return piece * PIECE_BYTES;
  }
  return undefined;
}

async function deliver(probe: Probe, stream: TimedStream): Promise<Finding> {
  const { patience, topic } = probe;
  const position = await positionOf(probe);
  const tookMs: number[] = [];
  for (let number = 1; number <= EVENTS; number += 1) {
    const payload = `tidings doctor ${number} ${randomBytes(6).toString('hex')}`;
    const sentMs = stream.ageMs;
    const receipt = await probe.publish(payload);
    const refusal = judgePublish(receipt, topic);
    if (refusal !== undefined) return refusal;
    if (!(await stream.until((seen) => has(seen, payload), patience.heldMs))) {
      const waitedMs = stream.ageMs - sentMs;
      const found = await find(probe, position, stream.lastEventId, payload, receipt);
      // The filler is for proxies: what is not there can't be pushed out.
      const isHeld = found === 'in history' || found === 'unknown';
      const cameAfterBytes = isHeld ? await pushOut(probe, stream, payload) : undefined;
      const missing = { waitedMs, found, ...(cameAfterBytes !== undefined && { cameAfterBytes }) };
      return judgeDelivery({ tookMs, missing }, patience);
    }
    const came = stream.events.find(({ data }) => data === payload);
    tookMs.push((came?.atMs ?? stream.ageMs) - sentMs);
  }
  return judgeDelivery({ tookMs }, patience);
}

/** What is published arrives at once. */
export const deliveryCheck: Check = {
  id: 'delivery',
  needs: ['edge', 'ingest'],
  async run(probe) {
    if (probe.deployment.publishToken === undefined) return [NO_PUBLISH_TOKEN];
    const stream = probe.openStream();
    try {
      await awaitLive(stream, probe.patience);
      if (refusalOf(stream) !== undefined) return [skipped('No stream was opened.')];
      return [await deliver(probe, stream)];
    } finally {
      stream.close();
    }
  },
};
