import { setTimeout as pause } from 'node:timers/promises';
import { CLIENT_FAULTS } from './client-fault.ts';
import type { Fault, Scene } from './fault.ts';
import { mended, NATS_FAULTS } from './nats-fault.ts';
import type { Punctuality } from './punctuality.ts';
import { SERVICE_FAULTS } from './service-fault.ts';

// About ten in a minute.
const LEAST_MS = 3_000;
const MOST_MS = 9_000;

const ALL: readonly Fault[] = [...NATS_FAULTS, ...SERVICE_FAULTS, ...CLIENT_FAULTS];

/**
 * Injects faults at random, those of different domains also at the same time, each kind before any comes again; resolves
 * with how many of each there were, once all are over.
 */
export async function disturb(
  scene: Scene,
  punctuality: Punctuality,
  durationMs: number,
  tell: (text: string) => void,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const busy = new Map<Fault['domain'], Promise<void>>();
  const endMs = performance.now() + durationMs;
  let bag: Fault[] = [];

  async function run(fault: Fault): Promise<void> {
    const end = fault.touchesAll ? punctuality.begin(fault.name) : () => {};
    const startMs = performance.now();
    tell(`${fault.name} …`);
    try {
      await fault.run(scene);
    } finally {
      end();
      tell(`… ${fault.name} is over after ${Math.round(performance.now() - startMs)} ms`);
    }
    if (fault.domain === 'nats') await mended(scene);
  }

  while (true) {
    await pause(scene.chance.between(LEAST_MS, MOST_MS));
    if (performance.now() >= endMs) break;
    if (bag.length === 0) bag = scene.chance.shuffle(ALL);
    const fault = bag.find(({ domain }) => !busy.has(domain));
    if (fault === undefined) continue;
    bag.splice(bag.indexOf(fault), 1);
    counts.set(fault.name, (counts.get(fault.name) ?? 0) + 1);
    busy.set(
      fault.domain,
      run(fault).finally(() => busy.delete(fault.domain)),
    );
  }
  await Promise.all(busy.values());
  return counts;
}
