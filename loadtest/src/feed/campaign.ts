import { setTimeout as pause } from 'node:timers/promises';
import { startSite } from '../chaos/site.ts';
import type { Target } from '../generator/target.ts';
import { type Beats, measureBeats } from './beats.ts';
import { difference, readCounters, type ServerCounters } from './counters.ts';
import { Fleet, LIGHT_FEED, REAL_FEED } from './fleet.ts';
import { judgePoint, type Verdict } from './judge.ts';
import { type LightClient, openLightClient } from './light-client.ts';
import { Places } from './places.ts';
import type { RunPlan } from './plan.ts';
import { MANNER_WORDS, measurePoint } from './point.ts';
import { type Connection, findStrangers, readConnections } from './subscriptions.ts';

/** What a run found. */
export interface Campaign {
  readonly verdicts: readonly Verdict[];
  readonly beats: readonly Beats[];
  /** What a silent connection with the subscriptions of a feed weighs in its server; nothing where it was not measured. */
  readonly bytesPerConnection: number | undefined;
  /** What each connection of a real edge and ingest was sent in a second, while nothing was published. */
  readonly rest: readonly { readonly name: string; readonly messages: number; readonly bytes: number }[];
  /** Of all servers, in a second of rest. */
  readonly restCpuSec: number;
  readonly strangers: readonly string[];
}

export interface CampaignOptions {
  readonly plan: RunPlan;
  /** One of the simulated edges takes a second subscription, as no edge does. */
  readonly secondSubscription?: boolean;
}

// An edge that has just started repairs, and introduces itself.
const CALM_MS = 2_000;
const ENV = { LOG_LEVEL: 'warn', TIDINGS_AUDIT: 'control' };

/** Starts three servers, an ingest and an edge, measures all that the plan says, and ends them. */
export async function runCampaign(
  { plan, secondSubscription = false }: CampaignOptions,
  tell: (text: string) => void,
): Promise<Campaign> {
  const site = await startSite({ edges: 1, ingests: 1, env: ENV });
  const { cluster } = site;
  const fleet = new Fleet(cluster.servers);
  try {
    await pause(CALM_MS);
    const resting = await measureRest();
    tell(`at rest all servers use ${(resting.cpuSec * 100).toFixed(1)}% of a core`);

    await fleet.grow(1);
    if (secondSubscription) fleet.clients[0]?.subscribe('live.0.default.>');
    const ingest: Target = { port: Number(new URL(site.ingestUrl() ?? '').port), transport: 'h1', token: site.token };
    const places = new Places();
    const verdicts: Verdict[] = [];
    for (const point of plan.points) {
      const measured = await measurePoint(point, { cluster, fleet, ingest });
      const verdict = judgePoint(measured, places.take(point), resting.counters);
      verdicts.push(verdict);
      const [edge] = verdict.comparisons;
      tell(
        `${point.edges} edges, ${point.payloadBytes} B, ${point.eventsPerSec} events/s ${MANNER_WORDS[point.manner]}: ` +
          `${edge?.measured.toFixed(1)} B an event and edge, ${edge?.model.toFixed(1)} by the model${verdict.faults.map((fault) => `; ${fault}`).join('')}`,
      );
    }
    const strangers = findStrangers(await readConnections(cluster.servers), REAL_FEED, LIGHT_FEED);
    fleet.close();

    const beats: Beats[] = [];
    for (const processes of plan.processes) {
      beats.push(await measureBeats(cluster, processes, plan.beatsMs, resting.counters));
      tell(`${processes} processes: each hears ${beats.at(-1)?.heard.measured.toFixed(0)} B/s`);
    }
    const bytesPerConnection = plan.silent > 0 ? await weighConnections(plan.silent) : undefined;
    return {
      verdicts,
      beats,
      bytesPerConnection,
      rest: resting.connections,
      restCpuSec: resting.cpuSec,
      strangers: [...strangers, ...site.accidents],
    };
  } finally {
    fleet.close();
    await site.remove();
  }

  async function measureRest(): Promise<{
    counters: ServerCounters[];
    connections: Campaign['rest'];
    cpuSec: number;
  }> {
    const before = {
      counters: await readCounters(cluster.servers),
      connections: await readConnections(cluster.servers),
    };
    const startMs = performance.now();
    await pause(plan.idleMs);
    const seconds = (performance.now() - startMs) / 1000;
    const counters = (await readCounters(cluster.servers)).map((now, at) =>
      perSecond(difference(now, before.counters[at] as ServerCounters), seconds),
    );
    const connections = (await readConnections(cluster.servers))
      .filter(({ name }) => name.startsWith('tidings '))
      .map((now) => {
        const then = before.connections.find((each: Connection) => each.name === now.name);
        const since = (field: 'messages' | 'bytes'): number => (now[field] - (then?.[field] ?? 0)) / seconds;
        return { name: now.name, messages: since('messages'), bytes: since('bytes') };
      });
    return { counters, connections, cpuSec: counters.reduce((sum, each) => sum + each.cpuSec, 0) };
  }

  async function weighConnections(count: number): Promise<number> {
    const memory = async (): Promise<number> =>
      (await readCounters(cluster.servers)).reduce((sum, { rssBytes }) => sum + rssBytes, 0);
    const clients: LightClient[] = [];
    const before = await memory();
    for (let index = 0; index < count; index += 1) {
      const port = cluster.servers[index % cluster.servers.length]?.port ?? 0;
      clients.push(await openLightClient({ port, name: 'silent', subjects: ['silent.>', 'mute.>'] }));
    }
    const bytes = ((await memory()) - before) / count;
    for (const client of clients) client.close();
    return bytes;
  }
}

function perSecond(counters: ServerCounters, seconds: number): ServerCounters {
  const { kernel } = counters;
  return {
    ...counters,
    clientMessages: counters.clientMessages / seconds,
    clientBytes: counters.clientBytes / seconds,
    routeMessages: counters.routeMessages / seconds,
    routeBytes: counters.routeBytes / seconds,
    systemMessages: counters.systemMessages / seconds,
    systemBytes: counters.systemBytes / seconds,
    kernel: kernel && {
      clientBytes: kernel.clientBytes / seconds,
      clientSegments: kernel.clientSegments / seconds,
      routeBytes: kernel.routeBytes / seconds,
    },
    cpuSec: counters.cpuSec / seconds,
  };
}
