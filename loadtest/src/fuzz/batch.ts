import { setTimeout as sleep } from 'node:timers/promises';
import { judgeReply } from './answer.ts';
import { type Reply, sendInput } from './connection.ts';
import type { Input } from './input.ts';
import type { Holding, Target } from './target.ts';

/** Something that must not happen. */
export interface Finding {
  readonly fault: string;
  /** What was sent before it was seen: one input where it is known which, else all of the batch. */
  readonly inputs: readonly Input[];
}

const AT_ONCE = 40;
const SETTLE_MS = 15_000;
const SETTLE_STEP_MS = 50;
// Probes and metrics are asked over connections that are kept.
const MOST_MORE_HANDLES = 6;
/** Of the canary. */
const STANDING_STREAMS = 1;
/** The most that one input over HTTP/2 asks for. */
const STREAMS_OF_AN_INPUT = 4;
/**
 * A peer that broke the protocol of HTTP/2 is let go of when it has twice not answered a PING of every 30 s
 * (`http2-probe.ts`), and 5 s for a last word.
 */
export const AFTERLIFE_MS = 70_000;

/** Sends some inputs, several at a time, and looks at each reply. Resolves with what was wrong with one of them. */
export async function sendBatch(
  target: Target,
  inputs: readonly Input[],
  onReply: (input: Input, reply: Reply) => void = () => {},
): Promise<Finding | undefined> {
  let next = 0;
  let finding: Finding | undefined;
  async function work(): Promise<void> {
    for (let input = inputs[next++]; input !== undefined && finding === undefined; input = inputs[next++]) {
      try {
        const reply = await sendInput(input, target.port(input.service));
        onReply(input, reply);
        const fault = judgeReply(input, reply, target.secrets);
        if (fault !== undefined) finding ??= { fault, inputs: [input] };
      } catch (error) {
        finding ??= { fault: `a connection was not taken: ${(error as Error).message}`, inputs: inputs.slice(0, next) };
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return finding;
}

/**
 * What holds after every batch, whatever was sent. Resolves with what does not.
 * @param broken inputs of the last `AFTERLIFE_MS` that may have broken the protocol of HTTP/2.
 */
export async function checkInvariants(target: Target, base: Holding, broken: number): Promise<string | undefined> {
  try {
    const fault = (await target.canary.check()) ?? (await target.readiness());
    return fault ?? (await checkReturned(target, base, broken, SETTLE_MS)) ?? target.log.faults()[0];
  } catch (error) {
    return `a service does not answer any more: ${(error as Error).message}`;
  }
}

/** Waits until nothing is open but what was so at the start. Resolves with what is left after `withinMs`. */
export async function checkReturned(
  target: Target,
  base: Holding,
  broken: number,
  withinMs: number,
): Promise<string | undefined> {
  const deadline = performance.now() + withinMs;
  while (true) {
    const { http1Streams, http2Streams, handles } = await target.holding();
    const isBack =
      http1Streams === STANDING_STREAMS &&
      http2Streams <= broken * STREAMS_OF_AN_INPUT &&
      handles <= base.handles + MOST_MORE_HANDLES + broken;
    if (isBack) return undefined;
    if (performance.now() > deadline)
      return `left open: ${http1Streams} streams and ${http2Streams} over HTTP/2; ${handles} handles, of ${base.handles} before`;
    await sleep(SETTLE_STEP_MS);
  }
}
