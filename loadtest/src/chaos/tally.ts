import type { Service } from './service.ts';

/** Adds up the counters of services, those of processes that are gone included. */
export interface Tally {
  /** Reads a service's metrics every now and then; and once more before it is killed, by `read`. */
  watch(service: Service): void;
  read(service: Service): Promise<void>;
  /** Sum of a counter over all services, by the value of its one label; '' for a counter without. */
  totals(metric: string): Map<string, number>;
  /** The largest resident memory that a service of this kind was seen with, in bytes. */
  largestRss(kind: string): number;
  stop(): void;
}

const PERIOD_MS = 2_000;
const LINE = /^(\w+)(?:\{\w+="([^"]*)"\})? ([0-9.e+]+)$/gm;
const RSS = 'process_resident_memory_bytes';

export function createTally(): Tally {
  const last = new Map<Service, Map<string, number>>();
  const largest = new Map<string, number>();

  async function read(service: Service): Promise<void> {
    try {
      const answer = await fetch(`${service.adminUrl}/metrics`, { signal: AbortSignal.timeout(PERIOD_MS) });
      const values = new Map<string, number>();
      for (const [, name = '', label = '', value] of (await answer.text()).matchAll(LINE)) {
        if (name.startsWith('tidings_') || name === RSS) values.set(`${name} ${label}`, Number(value));
      }
      last.set(service, values);
      const kind = service.name.replace(/-\d+$/, '');
      largest.set(kind, Math.max(largest.get(kind) ?? 0, values.get(`${RSS} `) ?? 0));
    } catch {
      // It is gone or frozen: what was read last stands.
    }
  }

  const timer = setInterval(() => {
    for (const service of last.keys()) if (service.isUp) void read(service);
  }, PERIOD_MS);

  return {
    watch(service) {
      last.set(service, new Map());
    },
    read,
    totals(metric) {
      const sums = new Map<string, number>();
      for (const values of last.values()) {
        for (const [key, value] of values) {
          const [name, label = ''] = key.split(' ');
          if (name === metric) sums.set(label, (sums.get(label) ?? 0) + value);
        }
      }
      return sums;
    },
    largestRss: (kind) => largest.get(kind) ?? 0,
    stop: () => clearInterval(timer),
  };
}
