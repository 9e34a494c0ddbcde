import http from 'k6/http';
import { Counter, Gauge } from 'k6/metrics';
import { ADMINS } from './target.ts';

const phase = new Gauge('phase');
const missing = new Gauge('missing');
const completed = new Counter('completed');
const serverCpuSec = new Gauge('server_cpu_seconds');
const serverRss = new Gauge('server_rss_bytes');
const bytesPerStream = new Gauge('server_bytes_per_stream');
const deliveriesPerCpuSec = new Gauge('deliveries_per_cpu_second');

/** Where a run is; the runner causes faults while it is measuring. */
const PHASES = { opening: 0, warm: 1, measuring: 2, draining: 3, done: 4 } as const;
/** What the servers have used so far, all of them together; nothing where no admin port is known. */
export interface Usage {
  readonly cpuSec: number;
  readonly rssBytes: number;
  /** Sum of the times at which they were started: another one afterwards means that one was started anew. */
  readonly startSec: number;
}

/** Says where the run is. */
export const enter = (name: keyof typeof PHASES): void => phase.add(PHASES[name]);

/** Asks the admin ports. @throws Error when one does not answer. */
export function readUsage(): Usage | undefined {
  if (ADMINS.length === 0) return undefined;
  let [cpuSec, rssBytes, startSec] = [0, 0, 0];
  for (const admin of ADMINS) {
    const { status, error, body } = http.get(`${admin}/metrics`, { tags: { name: 'admin' } });
    if (status !== 200) throw new Error(`${admin}/metrics was answered with ${status === 0 ? error : status}`);
    cpuSec += sampleOf(String(body), 'process_cpu_seconds_total');
    rssBytes += sampleOf(String(body), 'process_resident_memory_bytes');
    startSec += sampleOf(String(body), 'process_start_time_seconds');
  }
  return { cpuSec, rssBytes, startSec };
}

function sampleOf(page: string, name: string): number {
  const [, value] = new RegExp(`^${name} (\\S+)`, 'm').exec(page) ?? [];
  if (value === undefined) throw new Error(`TIDINGS_ADMIN_URLS: there is no ${name} among the metrics`);
  return Number(value);
}

/** @throws Error when a server was started anew between the two, which would look like less. */
function expectSame(before: Usage, after: Usage): void {
  if (before.startSec !== after.startSec) throw new Error('a server was started anew while it was being measured');
}

/** What is told of the servers over the measured time, by what they had used at both its ends. */
export function tellUsage(before: Usage | undefined, after: Usage | undefined, deliveries: number): void {
  if (before === undefined || after === undefined) return;
  expectSame(before, after);
  const cpuSec = after.cpuSec - before.cpuSec;
  serverCpuSec.add(cpuSec);
  serverRss.add(after.rssBytes);
  if (deliveries > 0 && cpuSec > 0) deliveriesPerCpuSec.add(deliveries / cpuSec);
}

/** What one of so many streams takes, by memory before and after they were opened. */
export function tellMemory(before: Usage | undefined, after: Usage | undefined, streams: number): void {
  if (before === undefined || after === undefined) return;
  expectSame(before, after);
  bytesPerStream.add((after.rssBytes - before.rssBytes) / streams);
}

/** How many events should have come and did not. Every scenario says it once, at its end, and has come to it only then. */
export function tellMissing(expected: number, came: number): void {
  missing.add(expected - came);
  completed.add(1);
}

/** Rules on what admin ports tell; without those there is nothing to hold them against, and k6 would call them met. */
export const ofServers = <Rules extends object>(rules: Rules): Rules | Record<never, never> =>
  ADMINS.length > 0 ? rules : {};
