/** A session as it is shown (contract section 8). */
export interface SessionView {
  readonly id: string;
  /** Left out without one. */
  readonly user?: string;
  readonly topics: readonly string[];
  /** The node that holds the stream. */
  readonly edge: string;
  /** RFC 3339. */
  readonly since: string;
  /** Published events written. */
  readonly delivered: number;
  /** Places of the log, of whatever topic, that are not looked at for it yet; 0 while it is live. */
  readonly lag: number;
  /** Where a reconnect would resume. */
  readonly cursor: string;
  /** Bytes written. */
  readonly bytes: number;
}
