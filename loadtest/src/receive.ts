// What receiving one event costs an edge on NATS: `node loadtest/dist/receive.js`, after a build. With `--profile edge` the
// process of that row leaves a CPU profile in the folder for temporary files.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startNatsServer } from '@tidings/broker/testing';
import type { ReceiverKind, ReceiverReady } from './receiver.ts';

const EVENTS = 40_000;
const ROUNDS = 7;
// The first rounds are the compiler's, and the growing heap's: their times are thrown away.
const WARM_UP_ROUNDS = 4;

/** Each row, and what it is compared with. */
const ROWS: readonly { kind: ReceiverKind; beyond?: ReceiverKind }[] = [
  { kind: 'client' },
  { kind: 'broker', beyond: 'client' },
  { kind: 'edge', beyond: 'client' },
  { kind: 'edge with a stream', beyond: 'edge' },
  { kind: 'ours, in process' },
];

// Receivers are stopped while a burst is published, so that each then drains it without a pause: the server must bear
// with them for as long.
const PATIENT = `max_pending: 1GB
write_deadline: "60s"
`;

const { values: args } = parseArgs({ options: { profile: { type: 'string' } } });
const children: ChildProcess[] = [];

function start(name: string, ...argv: string[]): ChildProcess {
  const profiled = args.profile !== undefined && argv.includes(args.profile);
  const child = fork(fileURLToPath(new URL(name, import.meta.url)), argv, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: profiled ? ['--cpu-prof', `--cpu-prof-dir=${join(tmpdir(), 'tidings-receive')}`] : [],
  });
  children.push(child);
  return child;
}

async function next<Message>(child: ChildProcess): Promise<Message> {
  const aborter = new AbortController();
  const { signal } = aborter;
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`a process of the benchmark ended with ${code}`);
  });
  ended.catch(() => {});
  const [message] = await Promise.race([once(child, 'message', { signal }), ended]);
  aborter.abort();
  return message as Message;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

const server = await startNatsServer({ config: PATIENT });
try {
  const publisher = start('receive-publisher.js', server.url);
  await next(publisher);
  const receivers = new Map<ReceiverKind, ChildProcess>();
  for (const { kind } of ROWS) {
    const receiver = start('receiver.js', server.url, kind);
    const { stream } = await next<ReceiverReady>(receiver);
    if (stream !== undefined) get(stream.url, { headers: stream.headers }, (response) => response.resume());
    receivers.set(kind, receiver);
  }
  const costs = new Map<ReceiverKind, number[]>(ROWS.map(({ kind }) => [kind, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const receiver of receivers.values()) {
      receiver.send({ events: EVENTS });
      await next(receiver);
      receiver.kill('SIGSTOP');
    }
    publisher.send({ events: EVENTS });
    await next(publisher);
    // One after the other: each has a core for itself, and the server the other.
    for (const [kind, receiver] of receivers) {
      const done = next<{ cpuUs: number }>(receiver);
      receiver.kill('SIGCONT');
      const { cpuUs } = await done;
      if (round >= WARM_UP_ROUNDS) costs.get(kind)?.push(cpuUs / EVENTS);
    }
  }
  const perEvent = (kind: ReceiverKind): number => median(costs.get(kind) as number[]);
  console.log(
    `Receiving ${EVENTS} events of 200 B on 500 topics in one burst, ${ROUNDS - WARM_UP_ROUNDS} rounds, median`,
  );
  console.log(
    `of the microseconds of CPU for each event. Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}\n`,
  );
  console.table(
    Object.fromEntries(
      ROWS.map(({ kind, beyond }) => [
        kind,
        {
          'us for each event': Number(perEvent(kind).toFixed(2)),
          'more than': beyond ?? '',
          'by us': beyond === undefined ? '' : Number((perEvent(kind) - perEvent(beyond)).toFixed(2)),
        },
      ]),
    ),
  );
  console.log(JSON.stringify({ scenario: 'receive', events: EVENTS, rounds: Object.fromEntries(costs) }));
} finally {
  for (const child of children) {
    if (child.exitCode !== null) continue;
    const exited = once(child, 'exit');
    child.kill('SIGCONT');
    // A profile is written by a process that ends by itself.
    if (child.connected) child.disconnect();
    await exited;
  }
  await server.remove();
}
