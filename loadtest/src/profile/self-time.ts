/** What is needed of a CPU profile as V8 writes it. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  /** The node of each sample, and the microseconds since the one before. */
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Time in something itself, not in what it called. */
export interface SelfTime {
  readonly name: string;
  /** Of the time in which the process did anything. */
  readonly share: number;
}

export interface Breakdown {
  readonly categories: readonly SelfTime[];
  readonly functions: readonly SelfTime[];
}

type Frame = CpuProfile['nodes'][number]['callFrame'];

const WRITES = /^(writev|write(Buffer|Utf8String|Latin1String|AsciiString|Ucs2String))$/;
const OWN_FILE = /\/(?:packages|services)\/([^/]+)\/(?:dist|src)\/(.+)\.[jt]s$/;
const PACKAGE = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//;
const IDLE = '(idle)';

/** Where the time of a process went: by category, and the functions that took most. */
export function breakDown(profile: CpuProfile, mostFunctions: number): Breakdown {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const categories = new Map<string, number>();
  const functions = new Map<string, number>();
  let total = 0;
  for (const [index, id] of profile.samples.entries()) {
    const frame = frames.get(id);
    const us = profile.timeDeltas[index] ?? 0;
    if (frame === undefined || frame.functionName === IDLE) continue;
    total += us;
    add(categories, categoryOf(frame), us);
    add(functions, nameOf(frame), us);
  }
  const toShares = (times: Map<string, number>): SelfTime[] =>
    [...times].map(([name, us]) => ({ name, share: us / total })).sort((a, b) => b.share - a.share);
  return { categories: toShares(categories), functions: toShares(functions).slice(0, mostFunctions) };
}

function add(times: Map<string, number>, name: string, us: number): void {
  times.set(name, (times.get(name) ?? 0) + us);
}

function categoryOf({ functionName, url }: Frame): string {
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (functionName === '(program)') return 'libuv, V8 and the kernel outside of functions';
  if (WRITES.test(functionName) && url === '') return 'the kernel: write';
  if (url.startsWith('node:')) return "Node's own JavaScript";
  const own = OWN_FILE.exec(url);
  if (own !== null && !PACKAGE.test(url)) return `Tidings: ${own[1]}`;
  const dependency = PACKAGE.exec(url)?.[1];
  return dependency === undefined ? 'other native code' : `dependency: ${dependency}`;
}

function nameOf({ functionName, url, lineNumber }: Frame): string {
  const own = OWN_FILE.exec(url);
  const name = functionName === '' ? 'anonymous' : functionName;
  if (own !== null) return `${name}, ${own[1]}/${own[2]}`;
  if (url === '') return name;
  return `${name}, ${url.startsWith('node:') ? url : (PACKAGE.exec(url)?.[1] ?? url)}:${lineNumber + 1}`;
}
