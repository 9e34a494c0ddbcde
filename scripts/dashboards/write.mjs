// `node scripts/dashboards/write.mjs`: writes deploy/grafana/*.json, which a test holds to be what this would write.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BROKER } from './broker.mjs';
import { toFile } from './dashboard.mjs';
import { EDGES } from './edges.mjs';
import { INGEST } from './ingest.mjs';
import { OVERVIEW } from './overview.mjs';
import { WEBHOOKS } from './webhooks.mjs';

/** In the order in which somebody looks at them. */
export const DASHBOARDS = [OVERVIEW, EDGES, INGEST, BROKER, WEBHOOKS];

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const dashboard of DASHBOARDS) {
    const path = fileURLToPath(new URL(`../../deploy/grafana/${dashboard.uid}.json`, import.meta.url));
    writeFileSync(path, toFile(dashboard));
  }
}
