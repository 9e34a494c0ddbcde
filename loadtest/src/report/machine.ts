import { cpus, release, totalmem, type } from 'node:os';

/** Where a run took place. */
export interface Machine {
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
}

export function describeMachine(): Machine {
  return {
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    system: `${type()} ${release().split('-')[0]}`,
  };
}

/** One sentence about a run. */
export function toSentence({ node, cpu, cores, memoryGb, system }: Machine, date: Date): string {
  return `${date.toISOString().slice(0, 10)}, Node ${node}, ${cores} x ${cpu}, ${memoryGb} GB, ${system}.`;
}
