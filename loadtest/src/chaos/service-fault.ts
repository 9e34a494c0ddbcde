import { setTimeout as pause } from 'node:timers/promises';
import type { Fault, Scene } from './fault.ts';
import type { Service } from './service.ts';

type Kind = 'edge' | 'ingest';

const pick = ({ site, chance }: Scene, kind: Kind): Service => chance.pick(kind === 'edge' ? site.edges : site.ingests);

const startAnother = ({ site }: Scene, kind: Kind): Promise<Service> =>
  kind === 'edge' ? site.startEdge() : site.startIngest();

/** SIGKILL, and another one in its place: what was under way there is cut in the middle. */
const kill = (kind: Kind): Fault => ({
  name: `${kind} killed`,
  domain: kind,
  touchesAll: false,
  async run(scene) {
    const service = pick(scene, kind);
    await scene.site.tally.read(service);
    await service.kill();
    await startAnother(scene, kind);
  },
});

/** SIGTERM, as a rolling restart does it: the new one first. */
const drain = (kind: Kind): Fault => ({
  name: `${kind} drained`,
  domain: kind,
  touchesAll: false,
  async run(scene) {
    const service = pick(scene, kind);
    await startAnother(scene, kind);
    await scene.site.tally.read(service);
    await service.drain();
  },
});

/** Its streams stay open and silent; a balancer sends nobody there meanwhile. */
const freezeEdge: Fault = {
  name: 'edge frozen',
  domain: 'edge',
  touchesAll: true,
  async run(scene) {
    const service = pick(scene, 'edge');
    service.freeze();
    await pause(scene.chance.between(2_000, 8_000));
    service.thaw();
  },
};

export const SERVICE_FAULTS: readonly Fault[] = [
  kill('edge'),
  drain('edge'),
  freezeEdge,
  kill('ingest'),
  drain('ingest'),
];
