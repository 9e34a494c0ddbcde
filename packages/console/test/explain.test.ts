import type { ExplainingNode, Explanation } from '@tidings/protocol/client';
import { describe, expect, test } from 'vitest';
import {
  isWhole,
  parseExplainAddress,
  toExplainAddress,
  toExplainPath,
  toQuestionFault,
} from '../src/page/explain/explain-question.ts';
import { listUnknown } from '../src/page/explain/unknown.ts';
import { toVisibleExplanation } from '../src/page/explain/visible-explanation.ts';

describe('the question in the address', () => {
  test.each([
    { user: 'alice', event: '3f.9k2.x7a1' },
    { user: 'a&b=#?é token=1', event: '' },
    { user: '', event: '3f.9k2.x7a1' },
    { user: '', event: '' },
  ])('%j comes out of it as it went in, and can not be taken for a token', (question) => {
    const address = toExplainAddress(question);
    expect(parseExplainAddress(address)).toEqual(question);
    expect(address).not.toContain('token=');
  });

  test('is of this page alone', () => {
    expect(parseExplainAddress('#/sessions?user=alice')).toBeUndefined();
    expect(parseExplainAddress('#/explainer')).toBeUndefined();
    expect(toExplainAddress({})).toBe('#/explain');
  });

  test('is asked when it has both', () => {
    expect(toExplainPath({ user: 'a b', event: '3f.k.lozb' })).toBe('/v1/explain?user=a+b&event=3f.k.lozb');
    expect([isWhole({ user: 'a', event: '' }), isWhole({ user: '', event: 'b' })]).toEqual([false, false]);
    expect(isWhole({ user: 'a', event: 'b' })).toBe(true);
  });

  test('what is wrong with it is said beside its field, and anything else for all', () => {
    const faultOf = (status: number, body?: object): unknown => toQuestionFault({ ok: false, status, body });
    const problem = { code: 'invalid-field', detail: 'It is no cursor.', parameter: 'event' };
    expect(faultOf(422, problem)).toEqual({ field: 'event', text: 'It is no cursor. (invalid-field)' });
    expect(faultOf(422, { ...problem, parameter: 'limit' })).toMatchObject({ field: undefined });
    expect(faultOf(502)).toEqual({ field: undefined, text: 'The hub gave no reason. (502)' });
  });
});

test('nodes are named that keep no journal, do not know all, or are gone', () => {
  const since = '2026-11-29T01:00:00.000Z';
  const node: ExplainingNode = { node: 'a', since, journal: true, complete: true };
  const part = { ...node, node: 'b', complete: false };
  const none = { ...node, node: 'c', journal: false, complete: false };
  const lost = { node: 'd', since, heard: '2026-11-29T02:00:00.000Z' };
  expect(listUnknown({ nodes: [node], lost: [] })).toEqual([]);
  expect(listUnknown({ nodes: [node, part, none], lost: [lost] })).toEqual([
    expect.stringMatching(/^b, since 2026-11-29T01.*does not know every session/),
    expect.stringMatching(/^c keeps no journal/),
    expect.stringMatching(/^d, since .* last heard at 2026-11-29T02.* is gone/),
  ]);
});

test('what publishers and clients chose is shown as what it is, and no more is shown than there is', () => {
  const turned = 'a\u202eb';
  const shown = 'a\\u202eb';
  const session = { id: 's', written: 'yes', topics: ['a', turned] } as unknown as Explanation['sessions'][number];
  const answer = {
    conclusion: 'It is stored.',
    event: { id: '3f.k.lozb', state: 'stored', topic: turned, event: turned, exclude: turned },
    sessions: [{ ...session, matched: [turned], resumedFrom: turned }, session],
  } as unknown as Explanation;
  expect(toVisibleExplanation(answer)).toEqual({
    conclusion: 'It is stored.',
    event: { id: '3f.k.lozb', state: 'stored', topic: shown, event: shown, exclude: shown },
    sessions: [
      { id: 's', written: 'yes', topics: ['a', shown], matched: [shown], resumedFrom: shown },
      { id: 's', written: 'yes', topics: ['a', shown] },
    ],
  });
  const unknown = { ...answer, event: { id: '3f.k.lozb', state: 'gone' as const }, sessions: [] };
  expect(toVisibleExplanation(unknown)).toEqual(unknown);
});
