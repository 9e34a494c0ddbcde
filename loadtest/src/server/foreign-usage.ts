import { readFileSync } from 'node:fs';
import type { Usage } from './probe-message.ts';

// USER_HZ, which every Linux that Node runs on shows (`getconf CLK_TCK`).
const TICKS_PER_SEC = 100;
const KIB = 1024;

/** What a process that is not Node's has used, by the kernel's count (proc(5)); nothing where there is no /proc. */
export function readForeignUsage(pid: number): Usage | undefined {
  try {
    // The name stands in brackets and may hold spaces: fields are counted from behind it. The third is the state.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    const rss = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return { cpuSec: ticks / TICKS_PER_SEC, rssBytes: Number(rss) * KIB };
  } catch {
    return undefined;
  }
}
