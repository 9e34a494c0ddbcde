export { addIngest, type IngestParts } from './routes.ts';
export type { EventRules } from './validate.ts';
