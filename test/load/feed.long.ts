import { expect, test } from 'vitest';
import { runCampaign } from '../../loadtest/src/feed/campaign.ts';
import { quickPlan } from '../../loadtest/src/feed/plan.ts';
import { findFailures } from '../../loadtest/src/feed/report.ts';

// Where capacity is reckoned from: what the servers really send, with few edges. `npm run loadtest:feed` has up to 300.
test('three servers send what the model of capacity says, for each event and each beat', async () => {
  const { beats, strangers, verdicts } = await runCampaign({ plan: quickPlan() }, () => {});
  expect([...strangers, ...findFailures(verdicts, beats)]).toEqual([]);
  expect(verdicts).toHaveLength(quickPlan().points.length);
  expect(beats.map(({ processes }) => processes)).toEqual(quickPlan().processes);
});

test('an edge that takes a second subscription is noticed, by what it asks for and by what it gets', async () => {
  const plan = quickPlan();
  const twoPoints = { ...plan, points: plan.points.slice(0, 2), processes: [] };
  const { strangers, verdicts } = await runCampaign({ plan: twoPoints, secondSubscription: true }, () => {});
  expect(strangers).toEqual([expect.stringContaining('live.0.default.>')]);
  const failures = findFailures(verdicts, []);
  expect(failures).toContainEqual(expect.stringContaining('1 edges got another number of events'));
  expect(failures).toContainEqual(expect.stringContaining('to an edge'));
});
