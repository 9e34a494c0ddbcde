import { KEEP_ERROR_ANSWERS, ROUTE_THE_PATH } from './advice.ts';
import { describeAnswer, isEventStream, problemIn } from './answerer.ts';
import { type Finding, failed } from './finding.ts';
import type { Patience } from './probe.ts';
import type { StreamRecord, TimedStream } from './timed-stream.ts';

/** The word with which Tidings itself ended a stream, where it did. */
export function goodbyeOf({ events }: StreamRecord): string | undefined {
  const bye = events.find(({ event }) => event === 'hub.bye');
  return bye && /"reason":"([\w-]+)"/.exec(bye.data)?.[1];
}

/** The edge that holds a stream: the node stands before the first `-` of the session's id, in the head and in `hub.hello`. */
export function edgeOf({ head, events }: StreamRecord): string | undefined {
  const hello = events.find(({ event }) => event === 'hub.hello')?.data ?? '';
  const session = head?.headers.get('tidings-session') ?? /"session":"([\w-]+)"/.exec(hello)?.[1];
  return /^([0-9a-z]{8})-/.exec(session ?? '')?.[1];
}

/** Why a stream was refused, where it was; one that is only held back, or slow, was not. For every check that opens one. */
export function refusalOf(record: StreamRecord): Finding | undefined {
  const { head, end, text } = record;
  if (head === undefined) {
    return end && failed(`The stream was not opened: ${end.fault ?? 'the connection ended'}.`, ROUTE_THE_PATH);
  }
  const { status, headers } = head;
  if (status === 200 && isEventStream(headers)) {
    const goodbye = goodbyeOf(record);
    return goodbye === undefined
      ? undefined
      : failed(
          `The stream was opened and ended with \`hub.bye\` ${goodbye}: clients are asked to come back later.`,
          `See ${goodbye} in docs/reference/protocol.md, and the limits in docs/reference/limits.md.`,
        );
  }
  if (status === 200) {
    return failed(
      `The stream has the type ${headers.get('content-type') ?? 'none'}, and an EventSource gives up on it.`,
      'Let no proxy change Content-Type: it is text/event-stream.',
    );
  }
  const seen = { status, headers, body: text };
  return failed(`The stream was not opened: ${describeAnswer(seen)}`, adviceFor(problemIn(seen)?.code, status));
}

function adviceFor(code: string | undefined, status: number): string {
  if (code === 'unauthenticated') {
    return 'Give a valid token of this deployment with --token: see docs/reference/tokens.md.';
  }
  if (code === 'forbidden') {
    return 'Use a token whose `tidings.subscribe` grants `tidings.doctor.*`, or name a topic that it grants with --topic.';
  }
  if (code !== undefined) return `See ${code} in docs/reference/errors.md.`;
  return status === 404 ? ROUTE_THE_PATH : KEEP_ERROR_ANSWERS;
}

/** Waits until a stream is live, which Tidings tells at once; what then is missing was held back, or refused. */
export function awaitLive(stream: TimedStream, { heldMs }: Patience): Promise<boolean> {
  return stream.until(({ events }) => events.some(({ event }) => event === 'hub.live'), heldMs);
}
