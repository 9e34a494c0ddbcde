import type { TokenClaims } from './token-claims.ts';

/** What can be broken on purpose, to see that nothing is lost. */
export type FaultName = 'drop-connection' | 'kill-edge' | 'restart-edge' | 'step-down';

/** A fault that this deployment can bring about. */
export interface Fault {
  readonly name: FaultName;
  /** What it may be done to, such as the names of edges; left out where the page names a session, or there is one thing only. */
  readonly targets?: readonly string[];
  /**
   * Brings it about; resolves with what was done, as a sentence.
   * @param target one of the targets, the id of a session, or empty.
   */
  run(target: string): Promise<string>;
}

/** The claims of a token that the page asks for. */
export type WantedClaims = Pick<TokenClaims, 'sub' | 'tenant' | 'tidings'>;

/** What the console can do beyond the public API, in development alone. */
export interface DevelopmentTools {
  /** Whether a token is an admin's: nobody else gets anything here. */
  isAdmin(token: string): Promise<boolean>;
  mint(claims: WantedClaims, lifetimeSec: number): Promise<string>;
  readonly faults: readonly Fault[];
}
