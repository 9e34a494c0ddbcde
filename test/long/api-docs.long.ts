import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../hub-process.ts';
import { runNode } from '../published-packages.ts';

test('the pages of the API are what the docstrings say', () => {
  expect(runNode(join(ROOT, 'scripts/api-docs.mjs'), ['--check'], ROOT)).toBe('');
});
