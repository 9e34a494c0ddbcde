import { expect, test } from 'vitest';
import { breakDown, type CpuProfile } from '../src/profile/self-time.ts';

const node = (id: number, functionName: string, url = '') => ({ id, callFrame: { functionName, url, lineNumber: 9 } });

test('self time is told by category and by function, idle time left out', () => {
  const profile: CpuProfile = {
    nodes: [
      node(1, '(idle)'),
      node(2, 'writeBuffer'),
      node(3, '(garbage collector)'),
      node(4, 'flush', 'file:///x/services/edge/dist/outbox.js'),
      node(5, '', 'node:net'),
      node(6, 'verify', 'file:///x/node_modules/jose/dist/a.js'),
    ],
    samples: [1, 2, 2, 3, 4, 5, 6],
    timeDeltas: [900, 30, 20, 10, 20, 10, 10],
  };
  const { categories, functions } = breakDown(profile, 3);
  expect(Object.fromEntries(categories.map(({ name, share }) => [name, share]))).toEqual({
    'the kernel: write': 0.5,
    'garbage collection': 0.1,
    'Tidings: edge': 0.2,
    "Node's own JavaScript": 0.1,
    'dependency: jose': 0.1,
  });
  expect(functions.map(({ name }) => name).slice(0, 2)).toEqual(['writeBuffer', 'flush, edge/outbox']);
  expect(functions).toHaveLength(3);
});
