const REALM = 'Bearer realm="tidings"';

/**
 * The `WWW-Authenticate` value of a refusal (RFC 6750 section 3). A 401 names an error only when a token was sent and
 * `refused`; `insufficient` is for the 403 of a valid token that does not grant the request. It never says which check
 * failed: that would tell a forger how far the forgery got.
 */
export function toChallenge(token: 'missing' | 'refused' | 'insufficient'): string {
  if (token === 'missing') return REALM;
  return `${REALM}, error="${token === 'refused' ? 'invalid_token' : 'insufficient_scope'}"`;
}
