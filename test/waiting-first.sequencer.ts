import { BaseSequencer, type TestSpecification } from 'vitest/node';

// What waits for processes, elections and browsers for longer than it computes, the longest first.
const WAITING = [
  'edge/test/edge-process.test.ts',
  'test/sdk/tabs.test.ts',
  'test/console/cluster.test.ts',
  'test/console/hub.test.ts',
  'test/journey.test.ts',
  'test/fault/cluster.test.ts',
  'test/examples.test.ts',
  'ingest/test/ingest-process.test.ts',
  'cli/test/doctor.test.ts',
  'broker/test/nats/cluster.test.ts',
  'broker/test/nats.contract.test.ts',
  'broker/test/nats/log-reader.test.ts',
  'runtime/test/lifecycle.test.ts',
  'hub/test/hub-process.test.ts',
  'broker/test/nats/cluster-fault.test.ts',
  'broker/test/nats-defect/nats-broker.test.ts',
  'broker/test/nats-cluster.contract.test.ts',
  'test/fuzz.test.ts',
];

/** Its place among those that wait; behind them all for any other file. */
function placeOf({ moduleId }: TestSpecification): number {
  const place = WAITING.findIndex((name) => moduleId.endsWith(`/${name}`));
  return place === -1 ? WAITING.length : place;
}

/**
 * The order of the files: those that wait come first, so that others compute meanwhile and none of them is left for the
 * end, when it would wait alone. The others stay together by project, whose files share a process only in a row.
 */
export class WaitingFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((one, other) => placeOf(one) - placeOf(other));
  }
}
