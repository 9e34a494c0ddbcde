import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { mintToken } from '@tidings/auth';
import { systemClock } from '@tidings/runtime';
import { openPosters } from './post-requests.ts';

// Publishing, as it costs the hub: requests per CPU-second of its process, in turn with the floor, a bare HTTP server
// of Node's. The generator is this process. `node loadtest/dist/ingest-load.js [part of a scenario's name] [rounds]`

const SECRET = 'a secret for benchmarks only of 32 bytes or more';
const CONNECTIONS = 32;
const PAYLOAD = 'x'.repeat(200);

interface Scenario {
  readonly name: string;
  readonly logLevel: 'info' | 'warn';
  readonly path: string;
  readonly type: string;
  readonly body: string;
  readonly eventsEach: number;
  readonly requests: number;
}

interface Server {
  readonly process: ChildProcess;
  readonly port: number;
  cpuSec(): Promise<number>;
}

const raw = { path: '/v1/topics/bench.1/events', type: 'text/plain', body: PAYLOAD, eventsEach: 1, requests: 15_000 };
const event = JSON.stringify({ topic: 'bench.1', event: 'status', data: { state: PAYLOAD.slice(20) } });
const events = { path: '/v1/events', type: 'application/json' };
const array = (count: number): string => `[${Array(count).fill(event).join()}]`;
const SCENARIOS: readonly Scenario[] = [
  { name: 'single, text', logLevel: 'warn', ...raw },
  { name: 'single, text, info', logLevel: 'info', ...raw },
  { name: 'single, json', logLevel: 'warn', ...raw, ...events, body: event },
  { name: 'array of 100', logLevel: 'warn', ...events, body: array(100), eventsEach: 100, requests: 1_000 },
  { name: 'array of 1,000', logLevel: 'warn', ...events, body: array(1_000), eventsEach: 1_000, requests: 100 },
  {
    name: 'ndjson of 1,000',
    logLevel: 'warn',
    path: '/v1/events',
    type: 'application/x-ndjson',
    body: `${event}\n`.repeat(1_000),
    eventsEach: 1_000,
    requests: 100,
  },
];

async function startHub(logLevel: string): Promise<Server> {
  const main = fileURLToPath(new URL('../../services/hub/dist/main.js', import.meta.url));
  const env = {
    ...process.env,
    PORT: '0',
    TIDINGS_ADMIN_PORT: '0',
    TIDINGS_JWT_SECRET: SECRET,
    LOG_LEVEL: logLevel,
    NODE_ENV: 'production',
  };
  const hub = spawn(process.execPath, [...process.execArgv, main], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const found = await new Promise<RegExpExecArray>((resolve, reject) => {
    let text = '';
    hub.on('exit', (code) => reject(new Error(`the hub ended with ${code}: ${text}`)));
    hub.stdout.on('data', (bytes) => {
      if (text.length < 10_000) text += bytes;
      const line = /"url":"(http[^"]+)","admin":"(http[^"]+)"/.exec(text);
      if (line !== null) resolve(line);
    });
  });
  const metrics = `${found[2]}/metrics`;
  return {
    process: hub,
    port: Number(new URL(found[1] as string).port),
    async cpuSec() {
      const text = await (await fetch(metrics)).text();
      return Number(/^process_cpu_seconds_total (\S+)/m.exec(text)?.[1]);
    },
  };
}

async function startFloor(): Promise<Server> {
  const floor = fork(fileURLToPath(new URL('post-floor.js', import.meta.url)), { execArgv: [] });
  const [{ port }] = (await once(floor, 'message')) as [{ port: number }];
  return {
    process: floor,
    port,
    async cpuSec() {
      floor.send({ type: 'usage' });
      const [{ cpuSec }] = (await once(floor, 'message')) as [{ cpuSec: number }];
      return cpuSec;
    },
  };
}

/** Requests per CPU-second of the server. */
async function measure(start: () => Promise<Server>, scenario: Scenario): Promise<number> {
  const { process: child, port, cpuSec } = await start();
  try {
    const requests = await Promise.all(
      Array.from({ length: CONNECTIONS }, async (_, place) => toRequest(scenario, await tokenOf(place))),
    );
    const posters = await openPosters({ port, requests, connections: CONNECTIONS });
    await posters.send(Math.ceil(scenario.requests / 3));
    const before = await cpuSec();
    await posters.send(scenario.requests);
    const spentSec = (await cpuSec()) - before;
    posters.close();
    return scenario.requests / spentSec;
  } finally {
    const closed = once(child, 'close');
    child.kill('SIGTERM');
    await closed;
  }
}

const tokenOf = (place: number): Promise<string> =>
  mintToken(SECRET, { sub: `bench-${place}`, tidings: { publish: ['bench.*'] } }, 3_600, systemClock);

function toRequest({ path, type, body }: Scenario, token: string): Buffer {
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: localhost',
    `Authorization: Bearer ${token}`,
    `Content-Type: ${type}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

const [wanted = '', rounds = '3'] = process.argv.slice(2);
console.log(
  `Publishing over ${CONNECTIONS} keep-alive connections, payloads of ${PAYLOAD.length} B, ${rounds} rounds.`,
);
console.log(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}\n`);
const table: Record<string, object> = {};
for (const scenario of SCENARIOS.filter(({ name }) => name.includes(wanted))) {
  const pairs: { hub: number; floor: number }[] = [];
  for (let round = 0; round < Number(rounds); round += 1) {
    pairs.push({
      floor: await measure(startFloor, scenario),
      hub: await measure(() => startHub(scenario.logLevel), scenario),
    });
  }
  const perCpuSec = median(pairs.map(({ hub }) => hub));
  // The pairs of one round ran side by side, so their ratio stands even where the machine's speed drifts.
  const ratio = median(pairs.map(({ hub, floor }) => hub / floor));
  table[scenario.name] = {
    'events per CPU-second': Math.round(perCpuSec * scenario.eventsEach),
    'requests per CPU-second': Math.round(perCpuSec),
    'floor, requests': Math.round(median(pairs.map(({ floor }) => floor))),
    'ratio to the floor': Number(ratio.toFixed(3)),
  };
}
console.table(table);
console.log(JSON.stringify({ scenario: 'ingest', connections: CONNECTIONS, rounds: Number(rounds), table }));
