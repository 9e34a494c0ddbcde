import { afterEach, describe, expect, it } from 'vitest';
import { createLogger } from '../src/logger.ts';
import { readLogLine, takeSpilledLines, watchLogLine } from '../src/testing/index.ts';

const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.q83vEjRWeJq83vEjRWeJq83vEjRWeJq83vEjRWeJ';

// Before the check that follows every test sees them.
afterEach(() => void takeSpilledLines());

describe('a line of a service under test', () => {
  it.each([
    ['a token in a member', (log: ReturnType<typeof createLogger>) => log.info({ url: `/?x=${TOKEN}` }, 'request')],
    ['a token in the words of an error', (log) => log.error({ err: new Error(`bad token ${TOKEN}`) }, 'failed')],
    ['a ticket', (log) => log.info({ ticket: 'tdt_c2lnbmF0dXJlc2lnbmF0dXJl' }, 'minted')],
    ['the secret of the tests', (log) => log.warn('a secret of this test that is 32 bytes or longer')],
  ])('section 9: with %s is kept for whoever asks after the test', (_name, write) => {
    const lines: Record<string, unknown>[] = [];
    write(createLogger('edge', 'debug', { write: (line) => void lines.push(readLogLine(line)) }));
    expect(lines).toHaveLength(1);
    expect(takeSpilledLines()).toHaveLength(1);
    expect(takeSpilledLines()).toEqual([]);
  });

  it('with topics, cursors and what was redacted is as any other', () => {
    watchLogLine('{"url":"/v1/stream?topic=orders.42.eyJ&access_token=REDACTED&last_event_id=3f.9k1.q0z7"}');
    watchLogLine('hub listening on http://127.0.0.1:8080');
    expect(takeSpilledLines()).toEqual([]);
  });
});
