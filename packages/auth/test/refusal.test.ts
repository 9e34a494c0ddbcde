import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ACCESS_REFUSALS } from '../src/refusal.ts';

it('every reason of a refusal is described, in this order, and no other', () => {
  const page = readFileSync(new URL('../../../docs/reference/tokens.md', import.meta.url), 'utf8');
  const table = page.split('## Refusals')[1] ?? '';
  expect([...table.matchAll(/^\| `([a-z-]+)`/gm)].map(([, reason]) => reason)).toEqual(ACCESS_REFUSALS);
});
