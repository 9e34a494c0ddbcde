import { randomBytes } from 'node:crypto';
import type { Check } from '../check.ts';
import { type Finding, failed, ok, skipped } from '../finding.ts';
import { awaitLive, edgeOf, refusalOf } from '../opened-stream.ts';
import type { Probe } from '../probe.ts';
import { judgePublish, NO_PUBLISH_TOKEN } from '../published.ts';
import type { StreamRecord, TimedStream } from '../timed-stream.ts';

/** What became of a stream that was cut and came back with its cursor. */
export interface ResumeSeen {
  /** What was published after the cut. */
  readonly expected: readonly string[];
  /** What came after it, in its order. */
  readonly got: readonly string[];
  /** What `hub.hello` said. */
  readonly resumed: boolean;
  /** The reason of `hub.gap`, when there was one. */
  readonly gap?: string;
  /** The edges before and after the cut, where they named themselves. */
  readonly edges: readonly [string | undefined, string | undefined];
}

const OTHER_LOG =
  'All edges must use the same NATS servers and stream (TIDINGS_NATS_URL): several hubs without it share nothing. See docs/operations/nats.md.';

export function judgeResume({ expected, got, resumed, gap, edges }: ResumeSeen): Finding {
  const [first, second] = edges;
  const elsewhere = first !== second && second !== undefined;
  const where = elsewhere ? `from edge ${first} on edge ${second}` : 'on the same edge';
  if (!resumed && gap === undefined) {
    return failed(
      'The cursor did not arrive: the stream began anew, without what was missed.',
      'Let the request header Last-Event-ID through to the edges.',
    );
  }
  if (gap !== undefined) {
    return failed(
      `A resume ${where} got \`hub.gap\` ${gap}.`,
      gap === 'expired'
        ? 'History is gone within seconds: raise TIDINGS_HISTORY_MAX_BYTES and TIDINGS_HISTORY_MAX_AGE.'
        : OTHER_LOG,
    );
  }
  const lost = expected.filter((payload) => !got.includes(payload)).length;
  const repeated = got.length - new Set(got).size;
  if (lost > 0 || repeated > 0) {
    return failed(
      `A resume ${where} lost ${lost} of ${expected.length} events, and repeated ${repeated}.`,
      elsewhere
        ? OTHER_LOG
        : 'Look at the log of the edges for what is `fatal`, and for a proxy that repeats or caches answers.',
    );
  }
  if (got.some((payload, place) => payload !== expected[place])) {
    return failed(`A resume ${where} brought events in another order.`, OTHER_LOG);
  }
  return ok(`A resume ${where} brought all ${expected.length} events, once and in order.`);
}

const MOST_TRIES = 24;

async function publishAll(probe: Probe, payloads: readonly string[]): Promise<Finding | undefined> {
  for (const payload of payloads) {
    const refusal = judgePublish(await probe.publish(payload), probe.topic);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

const hasAll =
  (payloads: readonly string[]) =>
  ({ events }: StreamRecord): boolean =>
    payloads.every((payload) => events.some(({ data }) => data === payload));

/** Opens streams with the cursor until one is where it is wanted; the last one when none is. */
async function comeBack(
  probe: Probe,
  lastEventId: string,
  isWanted: (edge: string | undefined) => boolean,
): Promise<TimedStream> {
  for (let tries = 1; ; tries += 1) {
    const stream = probe.openStream({ lastEventId });
    await awaitLive(stream, probe.patience);
    if (isWanted(edgeOf(stream)) || tries === MOST_TRIES) return stream;
    stream.close();
  }
}

async function cutAndResume(probe: Probe, wanted: 'anywhere' | 'elsewhere'): Promise<Finding> {
  const { heldMs } = probe.patience;
  const run = randomBytes(6).toString('hex');
  const payloads = (when: string): readonly string[] =>
    [1, 2, 3].map((each) => `tidings doctor ${run} ${when} ${each}`);
  const [before, missed, after] = [payloads('before'), payloads('missed'), payloads('after')] as const;
  const first = probe.openStream();
  await awaitLive(first, probe.patience);
  const refusal = refusalOf(first) ?? (await publishAll(probe, before));
  if (refusal !== undefined) return refusal;
  if (!(await first.until(hasAll(before), heldMs))) return skipped('What was published did not arrive: see delivery.');
  const edge = edgeOf(first);
  const cursor = first.lastEventId;
  first.close();
  const unpublished = await publishAll(probe, missed);
  if (unpublished !== undefined) return unpublished;

  const second = await comeBack(probe, cursor, (other) => wanted === 'anywhere' || other !== edge);
  // So many streams in a row may be more than a limit lets through.
  const refused = refusalOf(second);
  if (refused !== undefined) return skipped(`It could not come back. ${refused.says}`);
  if (wanted === 'elsewhere' && edgeOf(second) === edge) {
    return skipped(`Edge ${edge} answered ${MOST_TRIES} times in a row.`);
  }
  const unfollowed = await publishAll(probe, after);
  if (unfollowed !== undefined) return unfollowed;
  await second.until(hasAll(after), heldMs);
  second.close();
  const gap = second.events.find(({ event }) => event === 'hub.gap');
  return judgeResume({
    expected: [...missed, ...after],
    got: second.events.map(({ data }) => data).filter((data) => data.startsWith(`tidings doctor ${run}`)),
    resumed: second.events.some(({ event, data }) => event === 'hub.hello' && /"resumed":true/.test(data)),
    ...(gap !== undefined && { gap: /"reason":"(\w+)"/.exec(gap.data)?.[1] ?? 'of no reason' }),
    edges: [edge, edgeOf(second)],
  });
}

/** A client that was cut comes back to what it missed, once and in order. */
export const resumeCheck: Check = {
  id: 'resume',
  needs: ['delivery'],
  async run(probe) {
    if (probe.deployment.publishToken === undefined) return [NO_PUBLISH_TOKEN];
    return [await cutAndResume(probe, 'anywhere')];
  },
};

/** And on another edge than before. */
export const resumeElsewhereCheck: Check = {
  id: 'resume-elsewhere',
  needs: ['resume', 'edges'],
  async run(probe) {
    if (probe.edges.size < 2) return [skipped('Only one edge was seen: see edges.')];
    return [await cutAndResume(probe, 'elsewhere')];
  },
};
