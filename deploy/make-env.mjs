// `node deploy/make-env.mjs`: writes deploy/.env, which compose.yaml reads: passwords and a secret for this machine alone, made
// now. What is there already stays as it is, for the servers' data knows it; what a newer version asks for is added.
import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FILE = process.argv[2] ?? fileURLToPath(new URL('.env', import.meta.url));
const ROLES = ['ROUTE', 'INGEST', 'EDGE', 'HUB', 'WEBHOOKS', 'OPERATOR'];

// A letter first: nats-server reads the variable as a value of its configuration, where digits are a number.
const password = () => `p${randomBytes(24).toString('hex')}`;
const MADE = [
  ['TIDINGS_JWT_SECRET', () => randomBytes(32).toString('hex')],
  ...ROLES.map((role) => [`NATS_${role}_PASSWORD`, password]),
  ['GRAFANA_PASSWORD', password],
  ['WEBHOOK_SECRET', () => `whsec_${randomBytes(33).toString('base64')}`],
];

const before = existsSync(FILE) ? readFileSync(FILE, 'utf8') : '';
const known = new Set([...before.matchAll(/^(\w+)=/gm)].map(([, name]) => name));
const added = MADE.filter(([name]) => !known.has(name)).map(([name, make]) => `${name}=${make()}\n`);
appendFileSync(FILE, added.join(''), { mode: 0o600 });
process.stdout.write(`${FILE}: ${added.length} made, ${known.size} were there and stay.\n`);
