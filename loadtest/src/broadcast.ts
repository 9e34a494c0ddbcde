import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a server under test says when it is ready. */
interface ServerReady {
  readonly port: number;
  /** Query and headers that a reader and a writer need. */
  readonly token: string;
}

/** Cost of one round. */
export interface Round {
  readonly deliveries: number;
  /** CPU time of the server process, user and system. */
  readonly cpuSec: number;
  readonly deliveriesPerCpuSec: number;
  /** Growth of the server's resident memory for each open stream. */
  readonly bytesPerStream: number;
}

export interface BroadcastOptions {
  readonly streams: number;
  readonly events: number;
  readonly payloadBytes: number;
}

// The last byte of each payload, which stands nowhere else in a stream: readers count deliveries by it.
export const SENTINEL = '~';
const WARM_UP_EVENTS = 20;

/**
 * One topic, many streams, each event published alone by POST after everybody has the one before: nothing can be
 * coalesced. The server runs in a process of its own, the readers in another, so that its CPU time is its own.
 * @param server file name of the server under test, beside this one.
 */
export async function runBroadcast(server: string, options: BroadcastOptions): Promise<Round> {
  const serverProcess = forkBeside(server);
  const readers = forkBeside('readers.js');
  try {
    const { port, token } = await receive<ServerReady>(serverProcess, 'ready');
    const before = await ask<{ rss: number }>(serverProcess, 'usage');
    readers.send({ type: 'open', port, token, streams: options.streams });
    await receive(readers, 'opened');
    const open = await ask<{ rss: number }>(serverProcess, 'usage');

    const payload = 'x'.repeat(options.payloadBytes - 1) + SENTINEL;
    const publish = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index += 1) {
        const all = receive(readers, 'all');
        const headers = { authorization: `Bearer ${token}`, 'content-type': 'text/plain' };
        const url = `http://127.0.0.1:${port}/v1/topics/bench.1/events`;
        const response = await fetch(url, { method: 'POST', headers, body: payload });
        if (response.status !== 202) throw new Error(`publish answered ${response.status}: ${await response.text()}`);
        await response.arrayBuffer();
        await all;
      }
    };
    await publish(WARM_UP_EVENTS);
    const start = await ask<{ cpuSec: number }>(serverProcess, 'usage');
    await publish(options.events);
    const end = await ask<{ cpuSec: number }>(serverProcess, 'usage');

    const deliveries = options.events * options.streams;
    const cpuSec = end.cpuSec - start.cpuSec;
    const bytesPerStream = Math.round((open.rss - before.rss) / options.streams);
    return { deliveries, cpuSec, deliveriesPerCpuSec: deliveries / cpuSec, bytesPerStream };
  } finally {
    for (const child of [readers, serverProcess]) {
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    }
  }
}

function forkBeside(name: string): ChildProcess {
  return fork(fileURLToPath(new URL(name, import.meta.url)), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
}

/** Resolves with the next message of this type; rejects when the process ends before. */
function receive<Message = unknown>(child: ChildProcess, type: string): Promise<Message> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`the process ended with ${code} before "${type}"`));
    const onMessage = (message: { type: string }): void => {
      if (message.type !== type) return;
      child.off('message', onMessage);
      child.off('exit', onExit);
      resolve(message as Message);
    };
    child.on('message', onMessage);
    child.once('exit', onExit);
  });
}

function ask<Message>(child: ChildProcess, type: string): Promise<Message> {
  const answer = receive<Message>(child, type);
  child.send({ type });
  return answer;
}
