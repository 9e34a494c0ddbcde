import { createPublisher } from '@tidings/sdk/publisher';

/** Publishes 1, 2, 3 and so on, each once the one before is stored. */
export interface NumberSource {
  stop(): void;
}

export interface NumberSourceOptions {
  readonly topic: string;
  readonly token: string;
  readonly perSec: number;
  /** The number is stored. */
  readonly onAccepted: (number: number) => void;
  /** It gave up; numbers end here. */
  readonly onFault: (message: string) => void;
}

const TICK_MS = 50;

/** The publisher repeats what fails for a passing reason, under the same id: nothing is lost or stored twice on its way in. */
export function startNumberSource({ topic, token, perSec, onAccepted, onFault }: NumberSourceOptions): NumberSource {
  const ending = new AbortController();
  const publisher = createPublisher({ url: location.origin, token, signal: ending.signal });
  const startMs = performance.now();
  let last = 0;

  async function run(): Promise<void> {
    while (!ending.signal.aborted) {
      const due = Math.floor(((performance.now() - startMs) / 1000) * perSec);
      while (last < due && !ending.signal.aborted) {
        await publisher.publish(topic, last + 1);
        last += 1;
        onAccepted(last);
      }
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
  }

  run().catch((error: unknown) => {
    if (!ending.signal.aborted) onFault((error as Error).message);
  });
  return { stop: () => ending.abort() };
}
