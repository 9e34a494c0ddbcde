/** What a server under test can be asked. */
export interface ProbeQuestion {
  readonly id: number;
  readonly type: 'usage' | 'collect' | 'startProfile' | 'stopProfile';
}

export interface ProbeAnswer {
  readonly id: number;
  readonly answer: unknown;
}

/** What a process has used. */
export interface Usage {
  /** User and system time of all its threads, in seconds. */
  readonly cpuSec: number;
  readonly rssBytes: number;
}
