import { BROADCASTS } from './broadcast.ts';
import type { Scenario } from './context.ts';
import { DRAIN } from './drain.ts';
import { IDLES } from './idle.ts';
import { INGESTS } from './ingest.ts';
import { OPENING } from './opening.ts';
import { OWN_TOPICS } from './own-topic.ts';
import { SLOW_READERS } from './slow-reader.ts';
import { STORM } from './storm.ts';

/** Every scenario, in the order of the report. */
export const SCENARIOS: readonly Scenario[] = [
  ...BROADCASTS,
  ...OWN_TOPICS,
  ...IDLES,
  OPENING,
  STORM,
  DRAIN,
  SLOW_READERS,
  ...INGESTS,
];
