// `npm run dev:cluster`: a whole deployment on this machine. Three nats-servers with the roles of deploy/nats, two edges
// and one ingest behind a balancer, with the console and the demo, on passwords, keys and folders that end with it.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mintToken } from '@tidings/auth';
import { askJetStream, startNatsCluster } from '@tidings/broker/testing';
import { systemClock } from '@tidings/runtime';
import { startBalancer } from './balancer.mjs';
import { createChildren, preferPort, print } from './children.mjs';
import { createClusterPages } from './cluster-pages.mjs';
import { followFile } from './follow-file.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ROLES = ['ingest', 'edge', 'hub', 'webhooks', 'operator'];
const EDGES = ['edge-1', 'edge-2'];
const STREAM = 'EVT_0';
const TOPIC = 'demo.1';
const TOKEN_LIFETIME_SEC = 86_400;

// A letter first: nats-server reads the variable as a value of its configuration, where digits are a number.
const passwords = Object.fromEntries(ROLES.map((role) => [role, `p${randomBytes(24).toString('hex')}`]));
const secret = randomBytes(32).toString('hex');
let nats;
let balancer;
let pages;
/** The services that run, by name; one that is started again has another `pid` in it. */
const services = new Map();
/** The servers on their way, so that an early Ctrl-C can wait for what it has to remove. */
let starting;
let stopping;

const children = createChildren((name, how) => stop(`${name} ${how}: stopping the rest`));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop());
// However this process ends: services have no shell that would end them. (The nats-servers are guarded by themselves.)
process.on('exit', () => children.kill());

try {
  await start();
} catch (error) {
  await stop(`it did not start: ${error.message}`);
}

async function start() {
  const roles = readFileSync(join(ROOT, 'deploy/nats/roles.conf'), 'utf8');
  const env = Object.fromEntries(ROLES.map((role) => [`NATS_${role.toUpperCase()}_PASSWORD`, passwords[role]]));
  print('cluster', 'starting three nats-servers');
  starting = startNatsCluster({ config: roles, env });
  nats = await starting;
  if (stopping) return;
  for (const server of nats.servers) {
    void server.gone.then(() => stop(`${server.name} is gone: stopping the rest`));
    followFile(join(server.folder, 'server.log'), (line) => {
      // Who connects to whom, and how routes between the servers find their final form, is no news.
      if (!/ - [rc]id:\d+ - /.test(line)) print(server.name, line);
    });
  }

  await children.run('setup', ['packages/cli/dist/main.js', 'nats', 'setup'], access('operator'));
  await Promise.all([
    startService('edge-1', 'edge', await preferPort(8081)),
    startService('edge-2', 'edge', await preferPort(8082)),
    startService('ingest', 'ingest', await preferPort(8083)),
  ]);
  pages = createClusterPages({
    secret,
    hubUrl: () => balancer.url,
    cut: (session) => balancer.cut(session),
    edges: EDGES,
    endEdge,
    stepDown,
  });
  balancer = await startBalancer(await preferPort(8080), {
    edges: () => EDGES.map((name) => services.get(name)),
    ingestUrl: () => services.get('ingest').url,
    answer: pages.answer,
  });
  if (!stopping) process.stdout.write(await describe());
}

async function startService(name, role, port) {
  const env = {
    ...access(role),
    HOST: '127.0.0.1',
    PORT: String(port),
    TIDINGS_CONSOLE: role === 'edge' ? 'on' : 'off',
    TIDINGS_ADMIN_PORT: '0',
    TIDINGS_JWT_SECRET: secret,
    // The demo publishes without end: its lines would wash away all others.
    LOG_LEVEL: process.env.LOG_LEVEL ?? 'warn',
    TIDINGS_AUDIT: process.env.TIDINGS_AUDIT ?? 'control',
    // What is broken here can be explained there.
    TIDINGS_JOURNAL_MAX_BYTES: process.env.TIDINGS_JOURNAL_MAX_BYTES ?? '16000000',
    // Nobody is to be spread over other edges when all of them end.
    TIDINGS_DRAIN_MS: process.env.TIDINGS_DRAIN_MS ?? '500',
  };
  services.set(name, await children.start(name, [`services/${role}/dist/main.js`], env));
}

/** Ends an edge by a signal, and starts it again where it was. */
async function endEdge(name, signal) {
  const edge = services.get(name);
  await edge.end(signal);
  if (!stopping) await startService(name, 'edge', Number(new URL(edge.url).port));
}

/** Has the leader of the stream step down; resolves with its name. */
async function stepDown() {
  const leader = await nats.streamLeader(STREAM);
  if (leader === undefined) throw new Error('nobody leads the stream at this moment');
  const login = { user: 'operator', password: passwords.operator };
  await askJetStream(leader.url, `$JS.API.STREAM.LEADER.STEPDOWN.${STREAM}`, {}, login);
  return leader.name;
}

function access(role) {
  return {
    TIDINGS_NATS_URL: nats.urls.join(','),
    TIDINGS_NATS_USER: role,
    TIDINGS_NATS_PASSWORD: passwords[role],
  };
}

/** The text of a newcomer: every line with a command works when pasted. */
async function describe() {
  const mint = (sub, tidings) => mintToken(secret, { sub, tidings }, TOKEN_LIFETIME_SEC, systemClock);
  const subscribeToken = await mint('dev-subscriber', { subscribe: ['>'] });
  const publishToken = await mint('dev-publisher', { publish: ['>'] });
  const adminToken = await mint('dev-admin', { subscribe: ['>'], publish: ['>'], admin: true });
  const [first, second, ingest] = ['edge-1', 'edge-2', 'ingest'].map((name) => services.get(name));
  const receive = ({ url }) => `curl -N '${url}/v1/stream?topic=${TOPIC}' -H 'Authorization: Bearer ${subscribeToken}'`;
  const row = ({ name, url, pid, node }) => `${name.padEnd(17)} ${url} (pid ${pid}${node ? `, node ${node}` : ''})`;
  return `
Demo              ${balancer.url}/demo
Console           ${balancer.url}/console#token=${adminToken}

balancer          ${balancer.url}
${[first, second, ingest, ...nats.servers].map(row).join('\n')}
Subscriber token  ${subscribeToken}
Publisher token   ${publishToken}

Receive, on either edge:
${receive(first)}
${receive(second)}

Publish:
curl '${ingest.url}/v1/topics/${TOPIC}/events' -H 'Authorization: Bearer ${publishToken}' -d 'Hello'

Ctrl-C ends all of it, history and tokens too.
`;
}

/** Ends everything, once: services first, for they still need their broker to end in good order. */
function stop(fault) {
  stopping ??= (async () => {
    print('cluster', fault ?? 'stopping');
    pages?.close();
    balancer?.close();
    await children.stop();
    const cluster = await starting?.catch(() => undefined);
    await cluster?.remove();
    print('cluster', 'stopped, and nothing is left');
    process.exit(fault === undefined ? 0 : 1);
  })();
  return stopping;
}
