import type { Target, Transport } from '../generator/target.ts';
import type { MeasuredProcess } from './measured-process.ts';
import type { Usage } from './probe-message.ts';

/** A server to be measured, and how clients find it. */
export interface Subject {
  readonly name: string;
  /** Where streams are opened. */
  readonly streams: Target;
  /** Where events are published. */
  readonly publishing: Target;
  /** A stream is open when this has come. */
  readonly opening: string;
  /** The process whose CPU time and memory count. */
  readonly process: Pick<MeasuredProcess, 'usage' | 'collect' | 'startProfile' | 'stopProfile'> &
    Partial<Pick<MeasuredProcess, 'adminUrl'>>;
  /** More processes that the work needs, by name; they are told and not judged. */
  readonly others: readonly { readonly name: string; usage(): Promise<Usage | undefined> }[];
  stop(): Promise<void>;
}

/** What a scenario may want of a server. */
export interface SubjectOptions {
  readonly transport: Transport;
  /** Flags of Node. */
  readonly flags?: readonly string[];
}
