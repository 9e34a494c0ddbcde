// Preloaded into a server under test: answers its parent about CPU time and memory, and ends with it. It imports nothing
// but Node's own modules, so that the server is what it would be without it.
import { Session } from 'node:inspector';
import type { ProbeAnswer, ProbeQuestion } from './probe-message.ts';

let profiler: Session | undefined;

const answers: Record<ProbeQuestion['type'], () => Promise<ProbeAnswer['answer']>> = {
  async usage() {
    const { user, system } = process.cpuUsage();
    return { cpuSec: (user + system) / 1e6, rssBytes: process.memoryUsage.rss() };
  },
  async collect() {
    const { gc } = globalThis as { gc?: () => void };
    // Twice: what the first frees with finalizers goes with the second.
    gc?.();
    gc?.();
    return undefined;
  },
  async startProfile() {
    profiler = new Session();
    profiler.connect();
    await command('Profiler.enable');
    await command('Profiler.start');
    return undefined;
  },
  stopProfile: () => command('Profiler.stop'),
};

function command(method: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    profiler?.post(method, (error, result) => (error === null ? resolve(result) : reject(error)));
  });
}

process.on('message', ({ id, type }: ProbeQuestion) => {
  void answers[type]().then((answer) => process.send?.({ id, answer } satisfies ProbeAnswer));
});
process.once('disconnect', () => process.exit());
// The server ends when it wants to, not when its parent does not ask any more.
process.channel?.unref();
