import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer, CommandName, Commands } from './command.ts';

/** A process of clients. */
export interface Generator {
  ask<Name extends CommandName>(name: Name, ask: Commands[Name]['ask']): Promise<Commands[Name]['answer']>;
  /** CPU time of the clients so far, in seconds. */
  cpuSec(): Promise<number>;
  stop(): Promise<void>;
}

// No part of a bench takes as long: an event that never comes is waited for no longer.
const TIMEOUT_MS = 90_000;

/**
 * Starts one. Whoever starts it stops it; it also ends with this process.
 * @param timeoutMs the longest that one command may take.
 */
export function startGenerator(timeoutMs: number = TIMEOUT_MS): Generator {
  const script = fileURLToPath(new URL('./main.js', import.meta.url));
  const child: ChildProcess = fork(script, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  let nextId = 1;

  child.on('message', ({ id, answer, error }: Answer) => {
    const waiter = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) waiter?.resolve(answer);
    else waiter?.reject(new Error(error));
  });
  child.once('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`the clients' process ended with ${code ?? signal}`));
    waiting.clear();
  });

  const generator: Generator = {
    ask(name, ask) {
      return new Promise((resolve, reject) => {
        if (!child.connected) return reject(new Error("the clients' process has ended"));
        const id = nextId++;
        const timer = setTimeout(() => reject(new Error(`"${name}" took more than ${timeoutMs} ms`)), timeoutMs);
        waiting.set(id, {
          resolve(answer) {
            clearTimeout(timer);
            resolve(answer as Commands[typeof name]['answer']);
          },
          reject(error) {
            clearTimeout(timer);
            reject(error);
          },
        });
        child.send({ id, name, ask });
      });
    },
    cpuSec: async () => (await generator.ask('usage', {})).cpuSec,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    },
  };
  return generator;
}
