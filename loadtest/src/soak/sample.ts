import { readdirSync } from 'node:fs';
import type { MeasuredProcess } from '../server/measured-process.ts';
import { readMetrics } from '../server/metrics-page.ts';

/** What a server holds at one moment. */
export interface Sample {
  readonly atSec: number;
  readonly rssMb: number;
  /** In use, right after a collection. */
  readonly heapMb: number;
  /** Sockets, servers and timers of Node's event loop. */
  readonly handles: number;
  /** Open streams, as the server counts them. */
  readonly streams: number;
  /** Open files, as the kernel counts them; nothing where there is no /proc. */
  readonly files: number | undefined;
}

const MB = 1e6;

/** Asks the admin port, after a collection, so that what is left is what something holds on to. */
export async function takeSample(server: MeasuredProcess, startMs: number): Promise<Sample> {
  await server.collect();
  const values = await readMetrics(server.adminUrl as string);
  const gaugeOf = (name: string): number => values.get(name) ?? Number.NaN;
  return {
    atSec: (performance.now() - startMs) / 1e3,
    rssMb: gaugeOf('process_resident_memory_bytes') / MB,
    heapMb: gaugeOf('nodejs_heap_size_used_bytes') / MB,
    handles: gaugeOf('nodejs_active_handles_total'),
    streams: values.get('tidings_connections_open') ?? 0,
    files: countFiles(server.pid),
  };
}

function countFiles(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return undefined;
  }
}
