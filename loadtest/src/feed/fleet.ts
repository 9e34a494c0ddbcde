import type { NatsServer } from '@tidings/broker/testing';
import { type LightClient, openLightClient } from './light-client.ts';

/** What an edge's live connection subscribes to; the run compares it with a real edge's. */
const FEED_SUBJECTS: readonly string[] = ['live.0.>', 'eph.0.>'];
/** As a real edge names its live connection, and as those that stand for edges name theirs. */
export const REAL_FEED = 'tidings edge live';
export const LIGHT_FEED = 'light edge live';

const OPENED_AT_ONCE = 50;

/** Connections that each stand for an edge's feed, spread evenly over the servers. */
export class Fleet {
  readonly clients: LightClient[] = [];
  readonly #servers: readonly NatsServer[];

  constructor(servers: readonly NatsServer[]) {
    this.#servers = servers;
  }

  /** Opens more, until there are so many. */
  async grow(size: number): Promise<void> {
    while (this.clients.length < size) {
      const count = Math.min(OPENED_AT_ONCE, size - this.clients.length);
      const from = this.clients.length;
      const opened = await Promise.all(
        Array.from({ length: count }, (_, index) => {
          const { port } = this.#servers[(from + index) % this.#servers.length] as NatsServer;
          return openLightClient({ port, name: LIGHT_FEED, subjects: FEED_SUBJECTS });
        }),
      );
      this.clients.push(...opened);
    }
  }

  /** How many events the one has that has the fewest, beyond what it had. */
  leastBeyond(before: readonly number[]): number {
    return this.clients.reduce(
      (least, { counter }, index) => Math.min(least, counter.messages - (before[index] ?? 0)),
      Number.POSITIVE_INFINITY,
    );
  }

  get accidents(): string[] {
    return this.clients.flatMap(({ accident }) => accident ?? []);
  }

  close(): void {
    for (const client of this.clients) client.close();
  }
}
