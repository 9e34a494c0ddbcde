import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startTestHub } from '../services/hub/test/fixture.ts';
import { ROOT } from './hub-process.ts';

// Its day is to be ahead, and not too far.
const DAY = new Date(Date.now() + 200 * 86_400_000).toISOString().slice(0, 10);
const GUIDE = readFileSync(join(ROOT, 'docs/guides/schedules.md'), 'utf8').replaceAll('2027-05-01', DAY);
const COMMANDS = [...GUIDE.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, command = '']) => command);

test('the commands of the guide to schedules do what it says', async () => {
  const hub = await startTestHub();
  const token = await hub.token({ publish: ['auction.*', 'reminders.*'], subscribe: ['>'] });
  const run = async (place: number): Promise<string> => {
    const env = { ...process.env, HUB: hub.url, TOKEN: token };
    return (await promisify(execFile)('sh', ['-c', COMMANDS[place] ?? 'false'], { env })).stdout;
  };
  const shown = JSON.parse(/^```json\n(.*?)^```$/ms.exec(GUIDE)?.[1] ?? '');
  expect(JSON.parse(await run(0))).toEqual(shown);
  expect(JSON.parse(await run(1))).toMatchObject({ topic: 'reminders.alice', schedule: {} });
  const { schedules } = JSON.parse(await run(2));
  expect(schedules[0]).toEqual({ id: shown.schedule.id, topic: 'auction.7', event: 'ends', at: shown.schedule.at });
  expect([await run(3), await run(3)]).toEqual(['204', '404']);
  expect(COMMANDS).toHaveLength(4);
});
