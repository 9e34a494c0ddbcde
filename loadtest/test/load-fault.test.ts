import { describe, expect, test } from 'vitest';
import type { FaultKind } from '../src/load/catalogue.ts';
import { FAULTS } from '../src/load/fault.ts';
import type { SiteEdge } from '../src/load/site.ts';

/** What happens, in its order, at edges that do at once what they are told. */
async function cause(kind: FaultKind, count: number): Promise<string[]> {
  const done: string[] = [];
  const tell = (what: string) => async (): Promise<void> => void done.push(what);
  const edges = Array.from({ length: count }, (_, index): SiteEdge => {
    const name = `edge-${index + 1}`;
    return {
      name,
      pid: 1,
      kill: tell(`kill ${name}`),
      drain: tell(`drain ${name}`),
      startAgain: tell(`start ${name}`),
    };
  });
  const wait = async (ms: number): Promise<void> => void done.push(`wait ${ms}`);
  await FAULTS[kind]({ edges, wait, mark: (what) => done.push(what) });
  return done;
}

describe('what is done to edges', () => {
  test('the first is killed once the load is steady, and comes back', async () => {
    expect(await cause('kill-edge', 2)).toEqual([
      'wait 5000',
      'edge-1 is killed',
      'kill edge-1',
      'wait 5000',
      'start edge-1',
      'edge-1 is back',
    ]);
  });

  test('each is replaced, and the next one only when the one before is back', async () => {
    const one = (name: string): string[] => [
      `${name} is asked to end`,
      `drain ${name}`,
      `start ${name}`,
      `${name} is back`,
      'wait 5000',
    ];
    expect(await cause('restart-edges', 2)).toEqual(['wait 5000', ...one('edge-1'), ...one('edge-2')]);
  });

  test('is not done where there is none', async () => {
    await expect(cause('kill-edge', 0)).rejects.toThrow('there is no edge to kill');
  });
});
