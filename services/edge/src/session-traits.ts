import type { TokenIdentity } from '@tidings/auth';
import type { FinalTracker } from './final-tracker.ts';
import type { Format } from './item.ts';

/** What a session is from its first byte to its last. */
export interface SessionTraits {
  readonly id: string;
  readonly tenant: string;
  /** Whose it is; `undefined` without a token, or for one that names nobody. */
  readonly user: string | undefined;
  /** The tokens that it rests upon: it ends with any of them. */
  readonly tokens: readonly TokenIdentity[];
  /** When it was opened, by the wall clock. */
  readonly sinceMs: number;
  readonly topics: readonly string[];
  readonly format: Format;
  /** What is sent when a slow reader reads again. */
  readonly lag: 'resume' | 'latest';
  /** For a finite stream. */
  readonly finals: FinalTracker | undefined;
}
