import type { Broker, Cluster } from '@tidings/broker';
import { TidingsError } from '@tidings/protocol';
import type { Clock } from '@tidings/runtime';
import { type Cancellation, unlessAborted } from './read-deadline.ts';

/**
 * An edge that is cut off from the others may not know what was revoked or erased meanwhile: it opens and reads nothing
 * (ADR 0015). The streams that are open stay.
 * @throws TidingsError `unavailable`.
 */
export function assertInTouch(cluster: Cluster): void {
  if (cluster.inTouch) return;
  throw new TidingsError('unavailable', 'This node has lost touch with the others.', { retryAfterSec: 2 });
}

const LOOK_MS = 250;

/**
 * Waits, if need be, until this edge is in touch: a stream that catches up could else be sent what was erased meanwhile.
 * @throws the reason of the signal.
 */
export async function untilInTouch(cluster: Cluster, clock: Clock, cancellation: Cancellation): Promise<void> {
  while (!cluster.inTouch) {
    await unlessAborted(cancellation.signal, new Promise<void>((resolve) => void clock.after(LOOK_MS, resolve)));
  }
}

/**
 * Waits until this edge was fed all that the log holds now, or what it had was dropped: what was erased while it was cut off
 * stands in the ring until the feed has come to the erasure (ADR 0027).
 * @throws TidingsError `unavailable`.
 */
export async function untilFed(broker: Broker, clock: Clock): Promise<void> {
  const { epoch } = broker;
  const { last } = await broker.bounds();
  while (broker.epoch === epoch && broker.position() < last) {
    await new Promise<void>((resolve) => void clock.after(LOOK_MS, resolve));
  }
}
