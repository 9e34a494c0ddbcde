import { createPublisher, type EventToPublish, HubError, type PublishResult } from '@tidings/sdk/publisher';
import type { Deployment } from '../deployment.ts';

/** Where events go, in order. */
export interface EventSink {
  /**
   * Publishes up to some hundred events. What fails for a passing reason is repeated for half a minute, and stored once.
   * @throws HubError when it had to stop before any was accepted.
   */
  publishMany(events: readonly EventToPublish[]): Promise<readonly PublishResult[]>;
}

/**
 * The ingest of a deployment. Who is not there at the first try was probably named wrongly: that fails at once. What was
 * reached before is tried again.
 * @param note is told that it is, once for each time.
 */
export function createSink({ ingestUrl: url, publishToken }: Deployment, note: (text: string) => void): EventSink {
  const life = new AbortController();
  let wasReached = false;
  let isAway = false;

  function tell(what: string): void {
    if (!isAway) note(`${what}, trying again for half a minute`);
    isAway = true;
  }

  const reach: typeof fetch = async (input, init) => {
    try {
      const response = await fetch(input, init);
      wasReached = true;
      const { status } = response;
      if (status === 429 || status >= 500) tell(`the hub can not take it now (${status})`);
      else isAway = false;
      return response;
    } catch (cause) {
      if (wasReached) tell('the hub can not be reached');
      else life.abort(new HubError('network', 'The hub was not reached.', { cause }));
      throw cause;
    }
  };

  return createPublisher({ url, token: publishToken ?? '', fetch: reach, signal: life.signal });
}
