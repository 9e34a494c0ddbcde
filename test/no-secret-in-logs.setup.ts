import { afterAll, afterEach, expect } from 'vitest';
// The file itself: the rest of that package is not loaded for tests that have nothing to do with it.
import { takeSpilledLines } from '../packages/runtime/src/testing/log-line.ts';

// Contract section 9, for every test of every service: the fixtures and the processes read their logs by `readLogLine`.
const expectNone = (): void => expect(takeSpilledLines(), 'log lines that hold a token or a secret').toEqual([]);
afterEach(expectNone);
afterAll(expectNone);
