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

const AT_ONCE = 16;
const SETTLE_MS = 15_000;
const SETTLE_STEP_MS = 50;
// Probes and metrics are asked over connections that are kept.
const MOST_MORE_HANDLES = 6;
/** Of the canary. */
const STANDING_STREAMS = 1;

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

/** What holds after every batch, whatever was sent. Resolves with what does not. */
export async function checkInvariants(target: Target, base: Holding): Promise<string | undefined> {
  try {
    const fault = (await target.canary.check()) ?? (await target.readiness()) ?? (await checkReturned(target, base));
    return fault ?? target.log.faults()[0];
  } catch (error) {
    return `a service does not answer any more: ${(error as Error).message}`;
  }
}

async function checkReturned(target: Target, base: Holding): Promise<string | undefined> {
  const deadline = performance.now() + SETTLE_MS;
  while (true) {
    const { streams, handles } = await target.holding();
    if (streams === STANDING_STREAMS && handles <= base.handles + MOST_MORE_HANDLES) return undefined;
    if (performance.now() > deadline)
      return `left behind: ${streams} streams in place of ${STANDING_STREAMS}, ${handles} handles in place of ${base.handles}`;
    await sleep(SETTLE_STEP_MS);
  }
}
