/** An event as a subscriber gets it: the envelope of contract section 5. */
export interface TidingsEvent<Data = unknown> {
  /** Its cursor: a place in history. `undefined` for an event that is not stored. */
  readonly id: string | undefined;
  readonly topic: string;
  /** Its name; `undefined` for an unnamed one. */
  readonly event: string | undefined;
  /** When it was published, as RFC 3339 in UTC, such as `2026-11-21T08:00:00.123Z`. */
  readonly time: string;
  /** The JSON value that was published; a string where text was. */
  readonly data: Data;
}
