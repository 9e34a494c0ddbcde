import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../hub-process.ts';

/** One instruction, `ENV` or `RUN` and the like; `words` is all that follows it, on one line. */
export interface Instruction {
  readonly name: string;
  readonly words: string;
}

export const readDockerfile = (): string => readFileSync(join(ROOT, 'deploy/Dockerfile'), 'utf8');

/** Its stages, each from its `FROM`; what stands before the first is a stage of its own. */
export function parseStages(text: string): Instruction[][] {
  const lines = text.replace(/^#.*\n/gm, '').replaceAll(/\\\n\s*/g, '');
  const stages: Instruction[][] = [[]];
  for (const [, name = '', words = ''] of lines.matchAll(/^(\w+)\s+(.*)$/gm)) {
    if (name === 'FROM') stages.push([]);
    stages.at(-1)?.push({ name, words });
  }
  return stages;
}

export const readStages = (): Instruction[][] => parseStages(readDockerfile());

/** What the last stage says of how the image runs. */
export function readImage(): {
  env: Record<string, string>;
  entrypoint: string[];
  command: string[];
  health: string[];
} {
  const last = readStages().at(-1) ?? [];
  const of = (wanted: string): string => last.find(({ name }) => name === wanted)?.words ?? '';
  const list = (words: string): string[] => JSON.parse(words.slice(words.indexOf('['))) as string[];
  return {
    env: Object.fromEntries([...of('ENV').matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value])),
    entrypoint: list(of('ENTRYPOINT')),
    command: list(of('CMD')),
    health: list(of('HEALTHCHECK')),
  };
}
