import { KEEP_QUIET_CONNECTIONS, LET_STREAMS_LAST, PASS_THE_STREAM_ON } from '../advice.ts';
import type { Check } from '../check.ts';
import { duration, type Finding, failed, ok, skipped, warning } from '../finding.ts';
import { goodbyeOf } from '../opened-stream.ts';
import type { StreamRecord } from '../timed-stream.ts';

// Two, to see whether they come one by one.
const BEATS = 2;
const MARGIN = 0.2;
const MARGIN_MS = 1_000;
// TIDINGS_HEARTBEAT_MS is 5 s at least: what comes closer together was held back.
const CLOSE_MS = 2_000;

/** How long to wait for a heartbeat that comes after `heartbeatMs` of silence: the edge looks every quarter of a second, and there is the way. */
const patienceOf = (heartbeatMs: number): number => heartbeatMs * (1 + MARGIN) + MARGIN_MS;

/** When heartbeats came: comments, and pieces without an event that keep the cursor young. */
function beatsOf({ pieces, events, comments }: StreamRecord): readonly number[] {
  const spoken = new Set([...events, ...comments].map(({ atMs }) => atMs));
  const silent = pieces.filter(({ atMs }) => !spoken.has(atMs));
  const beats = comments.filter(({ text }) => text.trim() === '');
  return [...silent, ...beats].map(({ atMs }) => atMs).sort((one, other) => one - other);
}

/** @param ageMs how long the stream has been open. */
export function judgeHeartbeats(record: StreamRecord, heartbeatMs: number, ageMs: number): Finding {
  const beats = beatsOf(record);
  const lastMs = record.pieces.at(-1)?.atMs ?? 0;
  const goodbye = goodbyeOf(record);
  if (goodbye !== undefined) {
    return warning(
      `Tidings ended the stream after ${duration(ageMs)} with \`hub.bye\` ${goodbye}, before heartbeats could be looked at.`,
      'Use a token that lasts longer, and look when no edge is being stopped.',
    );
  }
  if (record.end !== undefined) {
    const age = duration(record.end.atMs);
    const silence = duration(record.end.atMs - lastMs);
    if (beats.length === 0) {
      return failed(
        `The connection was cut after ${silence} of silence, before any heartbeat: an idle timeout on the way is shorter than the heartbeat.`,
        KEEP_QUIET_CONNECTIONS,
      );
    }
    return failed(
      `The connection was cut when it was ${age} old, ${silence} after a heartbeat: something limits how long an answer may last.`,
      LET_STREAMS_LAST,
    );
  }
  const close = beats.slice(1).some((atMs, place) => atMs - (beats[place] ?? 0) < Math.min(CLOSE_MS, heartbeatMs / 10));
  if (close) return failed('Heartbeats came several at a time: a proxy holds small pieces back.', PASS_THE_STREAM_ON);
  if (beats.length < BEATS) {
    return failed(
      `No heartbeat came within ${duration(ageMs - lastMs)} of silence, where one was expected each ${duration(heartbeatMs)}.`,
      `Where TIDINGS_HEARTBEAT_MS is longer, say so with --heartbeat. Else a proxy holds them back. ${PASS_THE_STREAM_ON}`,
    );
  }
  return ok(`${beats.length} heartbeats came, one by one; the stream has been open for ${duration(ageMs)}.`);
}

/** A quiet stream is kept alive. It looks at the one that the stream check opened. */
export const heartbeatCheck: Check = {
  id: 'heartbeat',
  needs: ['stream'],
  async run(probe) {
    const { heartbeatMs } = probe;
    if (heartbeatMs === undefined) return [skipped('--quick does not wait for heartbeats.')];
    const stream = probe.quietStream();
    for (let wanted = 1; wanted <= BEATS; wanted += 1) {
      const came = await stream.until((seen) => beatsOf(seen).length >= wanted, patienceOf(heartbeatMs));
      if (!came) break;
    }
    const { ageMs } = stream;
    return [judgeHeartbeats(stream, heartbeatMs, ageMs)];
  },
};
