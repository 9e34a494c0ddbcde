import { describe, expect, it } from 'vitest';
import { toChallenge } from '../src/challenge.ts';

describe('toChallenge', () => {
  it('names the realm alone when no token was sent, as RFC 6750 section 3.1 asks', () => {
    expect(toChallenge('missing')).toBe('Bearer realm="tidings"');
  });

  it('says invalid_token when a token was refused', () => {
    expect(toChallenge('refused')).toBe('Bearer realm="tidings", error="invalid_token"');
  });

  it('says insufficient_scope when a valid token does not grant the request', () => {
    expect(toChallenge('insufficient')).toBe('Bearer realm="tidings", error="insufficient_scope"');
  });
});
