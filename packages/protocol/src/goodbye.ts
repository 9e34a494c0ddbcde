/**
 * Why the server closes a stream: the one vocabulary of `hub.bye`, the logs and the metrics (contract section 4).
 * The second group are the soft rejections of a native EventSource, which gives up for good on any status but 200.
 */
export const GOODBYES = [
  'token-expired',
  'revoked',
  'kicked',
  'draining',
  'slow',
  'final',
  'max-age',
  'capacity',
  'rate-limited',
  'unavailable',
] as const;

export type Goodbye = (typeof GOODBYES)[number];

/** Why a resume can't be exact: the reasons of `hub.gap` (contract section 4). */
export type GapReason = 'expired' | 'reset' | 'forbidden';
