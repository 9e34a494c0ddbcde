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
function parseStages(text: string): Instruction[][] {
  const lines = text.replace(/^#.*\n/gm, '').replaceAll(/\\\n\s*/g, '');
  const stages: Instruction[][] = [[]];
  for (const [, name = '', words = ''] of lines.matchAll(/^(\w+)\s+(.*)$/gm)) {
    if (name === 'FROM') stages.push([]);
    stages.at(-1)?.push({ name, words });
  }
  return stages;
}

export const readStages = (): Instruction[][] => parseStages(readDockerfile());

/** How the image runs, as its last stage says. */
export interface Image {
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly health: readonly string[];
  /** The words of `EXPOSE`. */
  readonly exposed: string;
}

/** @param text a Dockerfile. */
export function parseImage(text: string): Image {
  const last = parseStages(text).at(-1) ?? [];
  const of = (wanted: string): string => last.find(({ name }) => name === wanted)?.words ?? '';
  const list = (words: string): string[] => JSON.parse(words.slice(words.indexOf('['))) as string[];
  return {
    env: Object.fromEntries([...of('ENV').matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value])),
    entrypoint: list(of('ENTRYPOINT')),
    command: list(of('CMD')),
    health: list(of('HEALTHCHECK')),
    exposed: of('EXPOSE'),
  };
}

export const readImage = (): Image => parseImage(readDockerfile());
