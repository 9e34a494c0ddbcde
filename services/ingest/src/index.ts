export { PUBLISH_GRACE_MS } from './ingest.ts';
export { addIngest, type Ingest, type IngestParts } from './routes.ts';
