import { setTimeout as pause } from 'node:timers/promises';
import { askJetStream, type NatsServer } from '@tidings/broker/testing';
import type { Fault, Scene } from './fault.ts';

const STREAM = 'EVT_0';
const READY_MS = 30_000;

const running = ({ site }: Scene): NatsServer[] => site.cluster.servers.filter(({ pid }) => pid !== undefined);

async function killFor(scene: Scene, server: NatsServer): Promise<void> {
  await server.kill();
  await pause(scene.chance.between(1_000, 6_000));
  await server.restart();
}

async function freezeFor(scene: Scene, server: NatsServer): Promise<void> {
  server.freeze();
  try {
    await pause(scene.chance.between(2_000, 20_000));
  } finally {
    server.thaw();
  }
}

/** The server through which some edge gets its live feed. */
async function serverOfAnEdge({ site, chance }: Scene): Promise<NatsServer> {
  const found = await Promise.all(
    site.cluster.servers.map(async (server) => {
      const answer = await fetch(`${server.monitorUrl}/connz`).catch(() => undefined);
      const { connections = [] } = ((await answer?.json()) ?? {}) as { connections?: { name?: string }[] };
      return connections.some(({ name }) => name === 'tidings edge live') ? [server] : [];
    }),
  );
  return chance.pick(found.flat());
}

const ofServer = (name: string, run: Fault['run']): Fault => ({ name, domain: 'nats', touchesAll: true, run });

/** What goes wrong with the brokers: of three, one may always fail, and two are an outage that ends. */
export const NATS_FAULTS: readonly Fault[] = [
  ofServer('stream leader stepped down', async (scene) => {
    const times = Math.ceil(scene.chance.between(0, 5));
    for (let time = 0; time < times; time += 1) {
      const { url } = scene.chance.pick(running(scene));
      // Refused while an election is under way, which is as good.
      await askJetStream(url, `$JS.API.STREAM.LEADER.STEPDOWN.${STREAM}`).catch(() => {});
      await pause(scene.chance.between(200, 2_000));
    }
  }),
  ofServer('nats-server killed', (scene) => killFor(scene, scene.chance.pick(running(scene)))),
  ofServer('stream leader killed', async (scene) => {
    const leader = await scene.site.cluster.streamLeader(STREAM);
    await killFor(scene, leader ?? scene.chance.pick(running(scene)));
  }),
  ofServer('nats-server frozen', (scene) => freezeFor(scene, scene.chance.pick(running(scene)))),
  ofServer('nats-server of an edge frozen', async (scene) => freezeFor(scene, await serverOfAnEdge(scene))),
  ofServer('two nats-servers killed', async (scene) => {
    const [one, other] = scene.chance.shuffle(running(scene)) as [NatsServer, NatsServer];
    await Promise.all([one.kill(), other.kill()]);
    await pause(scene.chance.between(1_000, 8_000));
    await Promise.all([one.restart(), other.restart()]);
  }),
];

/** Resolves when all servers have caught up, so that the next fault finds a whole cluster; or after half a minute. */
export async function mended({ site }: Scene): Promise<void> {
  await site.cluster.ready(READY_MS).catch(() => {});
}
