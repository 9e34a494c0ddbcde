import { startNatsServer } from '@tidings/broker/testing';
import { systemClock } from '@tidings/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Diagnosis, examine } from '../src/doctor/examine.ts';
import { startDeployment, type TestDeployment } from './deployment-fixture.ts';
import { createBalancer } from './proxy.ts';

let stop: () => Promise<unknown> = async () => {};
let both: readonly TestDeployment[];
let island: TestDeployment;

beforeAll(async () => {
  const server = await startNatsServer();
  const env = { TIDINGS_NATS_URL: server.url };
  // The first makes the stream, the second finds it.
  const first = await startDeployment(env);
  const second = await startDeployment(env);
  both = [first, second];
  island = await startDeployment();
  stop = async () => {
    await Promise.all([first, second, island].map((hub) => hub.stop()));
    await server.remove();
  };
});
afterAll(() => stop());

async function diagnose(
  url: string,
  ingestUrl: string,
  heldMs: number,
): Promise<Diagnosis & { says(check: string): string }> {
  const { token } = both[0] as TestDeployment;
  const diagnosis = await examine({
    deployment: { url, ingestUrl, token, publishToken: token },
    topic: undefined,
    origin: undefined,
    heartbeatMs: undefined,
    patience: { answerMs: 10_000, heldMs, slowMs: 5_000 },
    clock: systemClock,
  });
  return {
    ...diagnosis,
    says: (check) => diagnosis.examined.find((done) => done.check === check)?.findings[0]?.says ?? '',
  };
}

test('two edges on one log are both found, and a client that was cut on one comes back exactly on the other', async () => {
  const { url, close } = await createBalancer(both.map((hub) => hub.url));
  const { edges, says } = await diagnose(url, url, 5_000);
  close();
  expect(edges).toHaveLength(2);
  expect(says('edges')).toBe(`2 edges were seen in 12 tries: ${edges.join(', ')}.`);
  expect(says('resume-elsewhere')).toMatch(
    /^A resume from edge (\w{8}) on edge (?!\1)\w{8} brought all 6 events, once and in order\.$/,
  );
});

test('an ingest that has another log than the edge is found out', async () => {
  const { examined, says } = await diagnose((both[0] as TestDeployment).url, island.url, 500);
  expect(says('delivery')).toContain('stands in another log than the stream is of');
  const fixes = examined.flatMap(({ findings }) => findings.flatMap(({ fix }) => fix ?? []));
  expect(fixes).toEqual([expect.stringContaining('TIDINGS_NATS_URL')]);
});
