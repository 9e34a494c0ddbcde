import { BROADCASTS } from './broadcast.ts';
import type { Scenario } from './context.ts';
import { IDLES } from './idle.ts';
import { OWN_TOPICS } from './own-topic.ts';

/** Every scenario, in the order of the report. */
export const SCENARIOS: readonly Scenario[] = [...BROADCASTS, ...OWN_TOPICS, ...IDLES];
