// `node deploy/make-env.mjs`: writes deploy/.env, which compose.yaml reads: passwords and a secret for this machine alone, made
// now. What is there already stays as it is, for the servers' data knows it.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FILE = process.argv[2] ?? fileURLToPath(new URL('.env', import.meta.url));
const ROLES = ['ROUTE', 'INGEST', 'EDGE', 'HUB', 'OPERATOR'];

// A letter first: nats-server reads the variable as a value of its configuration, where digits are a number.
const password = () => `p${randomBytes(24).toString('hex')}`;
const lines = [
  `TIDINGS_JWT_SECRET=${randomBytes(32).toString('hex')}`,
  ...ROLES.map((role) => `NATS_${role}_PASSWORD=${password()}`),
  `GRAFANA_PASSWORD=${password()}`,
];
try {
  writeFileSync(FILE, `${lines.join('\n')}\n`, { flag: 'wx', mode: 0o600 });
  process.stdout.write(`${FILE} is made.\n`);
} catch (error) {
  if (error.code !== 'EEXIST') throw error;
  process.stdout.write(`${FILE} is there already, and stays.\n`);
}
