import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Explanation } from '@tidings/protocol';
import { describe, expect, onTestFinished, test } from 'vitest';
import { toLines } from '../../src/explain/explanation-lines.ts';
import { type Outcome, runHere } from '../command-run.ts';
import { explainSample } from './sample-explanation.ts';

const PLAIN = (_style: string, text: string): string => text;
const SAMPLE = explainSample();

/** Runs the command against a server that answers everybody with this; says what it was asked. */
async function askOf(
  answer: object,
  ...words: readonly string[]
): Promise<Outcome & { readonly asked: readonly string[] }> {
  const asked: string[] = [];
  const server = createServer(({ url = '', headers }, response) => {
    asked.push(url, `${headers.authorization}`);
    response.setHeader('connection', 'close').end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const env = { TIDINGS_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, TIDINGS_TOKEN: 'abc' };
  return { asked, ...(await runHere(['explain', ...words], { env })) };
}

describe('an answer for people', () => {
  test('says what is concluded, then the event, the sessions oldest first, and what is not known', () => {
    expect(toLines(SAMPLE, PLAIN)).toEqual([
      'It is stored. It was written to a stream of the user; whether it arrived is not known. 3 sessions of the user are known.',
      '',
      'event 3f.k.lozb',
      '  state         stored',
      '  topic         orders.42',
      '  name          status',
      '  time          2026-11-29T02:05:00.000Z',
      '  user          alice',
      '',
      'session s-one',
      '  edge          edge-a',
      '  opened        2026-11-29T01:30:00.000Z',
      '  closed        -',
      '  topics        a b c d e and 2 more',
      '  granted       yes',
      '  written       no (no-topic)',
      '  Not written: it followed no topic that matches.',
      '',
      'session s-two',
      '  edge          edge-a',
      '  opened        2026-11-29T02:00:00.000Z',
      '  closed        2026-11-29T02:10:00.000Z (gone)',
      '  topics        orders.*',
      '  granted       yes',
      '  written       yes by 2026-11-29T02:10:00.000Z',
      // The edge that is gone may have held the stream which gave that cursor.
      '  acknowledged  unknown',
      '  Written to its connection; whether the client had it is not known.',
      '',
      'session s-three',
      '  edge          edge-a',
      '  opened        2026-11-29T02:11:00.000Z',
      '  resumed from  3f.14.qjgz',
      '  closed        -',
      '  topics        orders.*',
      '  granted       yes',
      '  written       no (opened-after)',
      '  Not written: it was opened after the event, and came with no cursor from before it.',
      '',
      'node edge-b, since 2026-11-29T02:07:00.000Z, does not know every session that it held since the event',
      'node edge-c keeps no journal (TIDINGS_JOURNAL_MAX_BYTES)',
      '',
      'node edge-d, since 2026-11-29T01:00:00.000Z, was last heard at 2026-11-29T02:06:00.000Z and is gone, with what it knew',
    ]);
  });

  test('says when the client had it, where no session is missing', () => {
    const lines = toLines(explainSample(true), PLAIN);
    expect(lines[0]).toBe(
      'It is stored. The user had it: it was written, and the client came back with a cursor after it.',
    );
    expect(lines).toContain('  acknowledged  yes at 2026-11-29T02:11:00.000Z');
    expect(lines).toContain('  Written, and had by the client: it came back as s-three with a cursor after it.');
  });

  test('says no more of an event than is known, and nothing of nodes that know all', () => {
    const answer: Explanation = {
      conclusion: 'Whether the user got it is not known.',
      delivered: 'unknown',
      user: 'alice',
      event: { id: '3f.k.lozb', state: 'evicted' },
      sessions: [],
      nodes: [{ node: 'edge-a', since: '2026-11-29T01:00:00.000Z', journal: true, complete: true }],
      lost: [],
    };
    expect(toLines(answer, PLAIN)).toEqual([
      'Whether the user got it is not known.',
      '',
      'event 3f.k.lozb',
      '  state         evicted',
      '  user          alice',
    ]);
  });

  test('is no way for what others have written to control the terminal', () => {
    const hostile = 'a\x1b[2Jb\n\u202ec';
    const [first] = SAMPLE.sessions;
    const session = {
      ...first,
      id: hostile,
      edge: hostile,
      end: hostile,
      closed: hostile,
      topics: [hostile],
      text: hostile,
    };
    const answer = {
      ...SAMPLE,
      conclusion: hostile,
      user: hostile,
      event: { ...SAMPLE.event, topic: hostile, event: hostile, exclude: hostile },
      sessions: [session as Explanation['sessions'][number]],
      nodes: [{ ...SAMPLE.nodes[2], node: hostile } as Explanation['nodes'][number]],
      lost: [{ node: hostile, since: hostile, heard: hostile }],
    };
    for (const line of toLines(answer, PLAIN)) expect(line).not.toMatch(/[\p{Cc}\u202a-\u202e]/u);
    expect(toLines(answer, PLAIN)).toContain('  name          a\\x1b[2Jb\\n\\u202ec');
  });
});

describe('tidings explain', () => {
  test('asks for the user and the event as they are, and succeeds whatever the answer is', async () => {
    const { code, out, asked } = await askOf(SAMPLE, '--user', 'a&b é', '--event', '3f.k.lozb');
    expect(asked).toEqual(['/v1/explain?user=a%26b+%C3%A9&event=3f.k.lozb', 'Bearer abc']);
    expect({ code, out }).toEqual({ code: 0, out: `${toLines(SAMPLE, PLAIN).join('\n')}\n` });
  });

  test('prints the answer as it came with --json, on one line', async () => {
    const { code, out } = await askOf(SAMPLE, '--user', 'alice', '--event', '3f.k.lozb', '--json');
    expect(code).toBe(0);
    expect(out.trimEnd()).not.toContain('\n');
    expect(JSON.parse(out)).toEqual(SAMPLE);
  });

  test('wants both, and asks nobody before', async () => {
    for (const words of [[], ['--user', 'alice'], ['--event', '3f.k.lozb'], ['alice', '3f.k.lozb']]) {
      expect(await askOf(SAMPLE, ...words)).toMatchObject({ code: 64, out: '', asked: [] });
    }
  });
});
