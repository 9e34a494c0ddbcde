/** A record as it stands. */
export interface StoredRecord {
  /** `undefined`: there is none. */
  readonly value: string | undefined;
  /** What the next change of it must name; 0 where there never was one. */
  readonly revision: number;
}

/**
 * Small records of which there may be millions: each is read when it is asked for, and no process follows them. They end by
 * themselves, outlive every process of a deployment, and are changed by compare-and-set. A key is what it is in the shared
 * state, and a value as long at most; every call rejects with TidingsError `unavailable` when its outcome is not known.
 */
export interface Records {
  /** The newest, whoever wrote it. */
  get(key: string): Promise<StoredRecord>;
  /**
   * Stores a record durably, if it still stands as it was read.
   * @param ttlSec whole seconds after which it is gone, 1 or more.
   * @param revision that of the record as it was read.
   * @returns whether it was stored: not when somebody else has changed it since.
   */
  replace(key: string, value: string, ttlSec: number, revision: number): Promise<boolean>;
  /** Removes a record, whatever it holds. A change that is based on it fails. */
  remove(key: string): Promise<void>;
}
