import { LET_STREAMS_LAST, PASS_THE_STREAM_ON } from '../advice.ts';
import type { Check } from '../check.ts';
import { duration, type Finding, failed, ok, warning } from '../finding.ts';
import { awaitLive, refusalOf } from '../opened-stream.ts';
import type { Patience } from '../probe.ts';
import type { StreamRecord } from '../timed-stream.ts';

/** Judges how a stream began, after `waitedMs`. */
export function judgeOpening(record: StreamRecord, waitedMs: number, { slowMs }: Patience): Finding {
  const refusal = refusalOf(record);
  if (refusal !== undefined) return refusal;
  const [first] = record.pieces;
  if (record.end !== undefined && first === undefined) {
    return failed(`The stream ended before its first byte: ${record.end.fault ?? 'closed'}.`, LET_STREAMS_LAST);
  }
  if (record.head === undefined || first === undefined) {
    const what =
      record.head === undefined ? 'Nothing of the stream' : 'The head of the stream came, and none of its bytes';
    return failed(
      `${what} within ${duration(waitedMs)}, though Tidings sends the first bytes at once: a proxy holds them back (buffers).`,
      PASS_THE_STREAM_ON,
    );
  }
  if (first.atMs > slowMs) {
    return warning(
      `The first bytes came after ${duration(first.atMs)}.`,
      'Look for a slow way there, an overloaded edge (nodejs_eventloop_lag_p99_seconds), or a proxy that scans answers.',
    );
  }
  return ok(`The stream opens, and its first bytes came after ${duration(first.atMs)}.`);
}

/** A stream opens, and begins at once. */
export const streamCheck: Check = {
  id: 'stream',
  needs: ['edge'],
  async run(probe) {
    const stream = probe.quietStream();
    await awaitLive(stream, probe.patience);
    return [judgeOpening(stream, stream.ageMs, probe.patience)];
  },
};
