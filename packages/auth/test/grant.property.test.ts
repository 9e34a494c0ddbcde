import { covers, toUserToken } from '@tidings/protocol';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ANONYMOUS, mayPublish, maySubscribe, personalTopics } from '../src/grant.ts';
import { anyPattern, anyTopic, anyUser, patternWithTopic } from './arbitraries.ts';

const grants = fc.record({
  subscribe: fc.array(anyPattern, { maxLength: 4 }),
  publish: fc.array(anyPattern, { maxLength: 4 }),
  user: fc.option(anyUser, { nil: undefined }),
  admin: fc.boolean(),
});

// The personal topics written out once more, so that a fault in `personalTopics` can't hide itself.
function isOwn(user: string | undefined, topic: string): boolean {
  if (user === undefined || /\s/.test(user)) return false;
  return topic === `user.${toUserToken(user)}` || topic.startsWith(`user.${toUserToken(user)}.`);
}

it('section 3: no grant widens itself: what a granted subscription matches, a grant or a personal topic matches', () => {
  let granted = 0;
  fc.assert(
    fc.property(grants, patternWithTopic, (some, [pattern, topic]) => {
      const grant = { ...ANONYMOUS, ...some };
      if (!maySubscribe(grant, pattern)) return;
      granted += 1;
      expect(isOwn(grant.user, topic) || grant.subscribe.some((wide) => covers(wide, topic))).toBe(true);
    }),
    { numRuns: 3_000, verbose: 1 },
  );
  expect(granted).toBeGreaterThan(100);
});

it('section 3: every granted pattern and personal topic can be subscribed to as it stands, save the hub\u2019s own', () => {
  fc.assert(
    fc.property(grants, (some) => {
      const grant = { ...ANONYMOUS, ...some };
      for (const pattern of [...grant.subscribe, ...(personalTopics(grant) ?? [])]) {
        expect(maySubscribe(grant, pattern)).toBe(!pattern.startsWith('$'));
      }
    }),
  );
});

it('section 3: publishing follows the publish patterns alone', () => {
  fc.assert(
    fc.property(grants, anyTopic, (some, topic) => {
      const grant = { ...ANONYMOUS, ...some };
      expect(mayPublish(grant, topic)).toBe(grant.publish.some((pattern) => covers(pattern, topic)));
    }),
  );
});
