import { createPublisher } from '@tidings/sdk/publisher';
import type { BackEnd } from '../action.ts';
import type { Surroundings } from '../surroundings.ts';

/** A number of the shop, with what it was before, oldest first. */
export interface Gauge {
  label: string;
  unit: string;
  most: number;
  value: number;
  recent: readonly number[];
}

export interface DashboardTopics {
  'demo.dashboard.*': Gauge;
}

const CHANGED_AT_ONCE = 2;
const RECENT = 30;

const GAUGES: Record<string, Gauge> = {
  visitors: { label: 'Visitors now', unit: '', most: 800, value: 412, recent: [] },
  orders: { label: 'Orders an hour', unit: '', most: 240, value: 96, recent: [] },
  basket: { label: 'Average basket', unit: '€', most: 120, value: 54, recent: [] },
  packing: { label: 'To be packed', unit: '', most: 60, value: 17, recent: [] },
  ovens: { label: 'Ovens', unit: '°C', most: 280, value: 224, recent: [] },
  flour: { label: 'Flour in store', unit: 'kg', most: 1000, value: 640, recent: [] },
};

/** The next value: a little more or less, as numbers of a real shop go. */
export function change(gauge: Gauge, random: () => number = Math.random): Gauge {
  const step = Math.max(1, gauge.most * 0.05);
  const value = Math.round(Math.min(gauge.most, Math.max(0, gauge.value + (random() - 0.5) * 2 * step)));
  return { ...gauge, value, recent: [...gauge.recent, value].slice(-RECENT) };
}

/** As if the shop had been open for a while. */
function openShop(gauge: Gauge): Gauge {
  return gauge.recent.length < RECENT ? openShop(change(gauge)) : gauge;
}

export function createDashboard({ hub, whileWatched }: Surroundings): BackEnd {
  const publisher = createPublisher<DashboardTopics>(hub);
  const gauges = new Map(Object.entries(GAUGES).map(([name, gauge]) => [name, openShop(gauge)]));
  let names = [...gauges.keys()];

  whileWatched('demo.dashboard.visitors', 400, async () => {
    // At first all of them; then those that changed.
    for (const name of names) gauges.set(name, change(gauges.get(name) as Gauge));
    await publisher.publishMany(names.map((name) => ({ topic: `demo.dashboard.${name}`, data: gauges.get(name) })));
    names = [...gauges.keys()].sort(() => Math.random() - 0.5).slice(0, CHANGED_AT_ONCE);
  });

  return {};
}
