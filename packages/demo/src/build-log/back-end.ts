import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { on } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { createPublisher } from '@tidings/sdk/publisher';
import { z } from 'zod';
import { action, type BackEnd } from '../action.ts';
import type { Surroundings } from '../surroundings.ts';

/** A line that the process wrote. */
export interface Line {
  stream: 'stdout' | 'stderr';
  text: string;
}

/** The final event: how it ended. */
export interface Exit {
  exitCode: number | null;
}

export interface BuildTopics {
  'demo.build.*': Line | Exit;
}

const SCRIPT = fileURLToPath(new URL('../../assets/build.mjs', import.meta.url));

export function createBuildLog({ hub, background }: Surroundings): BackEnd {
  const publisher = createPublisher<BuildTopics>(hub);

  async function* build(options: readonly string[]): AsyncGenerator<Line, Exit> {
    const child = spawn(process.execPath, [SCRIPT, ...options], {
      signal: hub.signal,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of ['stdout', 'stderr'] as const) {
      createInterface(child[stream]).on('line', (text) => child.emit('line', { stream, text }));
    }
    try {
      // `close` comes when both streams have ended.
      for await (const [{ stream, text }] of on(child, 'line', { close: ['close'] })) {
        yield { stream, text: stripVTControlCharacters(text) };
      }
    } finally {
      child.kill();
    }
    return { exitCode: child.exitCode };
  }

  return {
    start: action({ fails: z.boolean() }, ({ fails }) => {
      const id = randomUUID();
      background(() => publisher.pipe(`demo.build.${id}`, build(fails ? ['--fail'] : []), { ttl: 3600 }));
      return { id };
    }),
  };
}
