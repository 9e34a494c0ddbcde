import { type Generator, startGenerator } from '../generator/generator.ts';
import type { Target } from '../generator/target.ts';
import type { SoakOptions } from './options.ts';

// A process may have some 20,000 files open, and each stream on HTTP/1.1 is one.
const STREAMS_PER_PROCESS = 8_000;
const H2_STREAMS_PER_CONNECTION = 100;
const STREAMS_PER_SEC = 1_000;
const STAY_MS = 5_000;
// All of it is opened, or gone through, within this time beside the soak itself.
const PATIENCE_MS = 600_000;
const OPENING = 'hub.live';

/** The clients of a soak, in as many processes as they need. */
export interface Crowd {
  /** Opens what stays; resolves when all of it is open. */
  gather(): Promise<void>;
  /** Events flow, and clients come and go; resolves after so long with what went wrong for them. */
  mill(durationMs: number): Promise<string[]>;
  /** Everybody leaves, without a word. */
  leave(): Promise<void>;
}

export function createCrowd(options: SoakOptions, target: Target, h2Target: Target): Crowd {
  const generators: Generator[] = [];
  const add = (): Generator => {
    const generator = startGenerator(options.minutes * 60_000 + PATIENCE_MS);
    generators.push(generator);
    return generator;
  };
  const visitors = add();
  const readers = add();
  const neverReaders = Math.round((options.readers * options.neverRead) / 100);
  const group = { opening: OPENING, topics: 1, keepsCursors: false, connectionsPerSec: STREAMS_PER_SEC, target };
  const h2 = { target: h2Target, connectionsPerSec: STREAMS_PER_SEC / H2_STREAMS_PER_CONNECTION };

  async function openIdle(streams: number, wish: Partial<typeof group>): Promise<void> {
    for (let open = 0; open < streams; open += STREAMS_PER_PROCESS) {
      const some = Math.min(STREAMS_PER_PROCESS, streams - open);
      const path = '/v1/stream?topic=soak.silent';
      const streamsPerConnection = H2_STREAMS_PER_CONNECTION;
      await add().ask('open', { ...group, ...wish, name: 'idle', path, streams: some, streamsPerConnection });
    }
  }

  async function openReaders(name: string, streams: number): Promise<void> {
    const path = '/v1/stream?topic=soak.busy';
    if (streams > 0) await readers.ask('open', { ...group, name, path, streams, streamsPerConnection: 1 });
  }

  const publish = (topic: string, payloadBytes: number, eventsPerSec: number, durationMs: number) =>
    readers.ask('atPace', {
      target,
      topic,
      topics: 1,
      payloadBytes,
      batchSize: 1,
      channel: 0,
      eventsPerSec,
      durationMs,
      connections: 1,
    });

  return {
    async gather() {
      await openIdle(options.idleH1, {});
      await openIdle(options.idleH2, h2);
      await openReaders('readers', options.readers - neverReaders);
      await openReaders('never', neverReaders);
      if (neverReaders > 0) await readers.ask('setReading', { name: 'never', reading: false });
    },
    async mill(durationMs) {
      const { churn, neverRead } = options;
      const coming = visitors.ask('churn', {
        ...group,
        name: 'visitors',
        path: '/v1/stream?topic=soak.visited',
        connectionsPerSec: churn,
        stayMs: STAY_MS,
        neverReadPercent: neverRead,
        durationMs: churn === 0 ? 0 : durationMs,
      });
      const [visits] = await Promise.all([
        coming,
        publish('soak.busy', 4_000, 20, durationMs),
        publish('soak.visited', 200, 5, durationMs),
      ]);
      const faults = visits.firstFault === undefined ? [] : [`${visits.faults} visitors: ${visits.firstFault}`];
      if (options.readers > neverReaders) {
        const { lost, repeated, closed } = await readers.ask('tally', { name: 'readers' });
        if (lost + repeated + closed > 0) faults.push(`readers: ${lost} lost, ${repeated} repeated, ${closed} closed`);
      }
      return faults;
    },
    async leave() {
      await Promise.all(generators.map((generator) => generator.stop()));
    },
  };
}
