import type { Goodbye } from '@tidings/protocol/client';
import type { HubErrorCode, HubErrorDetails } from '../hub-error.ts';
import type { Block } from './connection.ts';
import type { ConnectionState } from './tidings.ts';

/** What one subscription of one tab wants. */
export interface Want {
  /** Differs for any two, on any tab. */
  readonly key: number;
  readonly topic: string;
  /** What is still to be replayed to it; nothing, once that has come. */
  replay?: string | number | undefined;
  /** Its topic is in force, or asked for: from here on a stream without it is not one to follow. */
  live?: true | undefined;
}

/** A block as the leader passes it on. */
export interface Relayed extends Block {
  /** The wants that it was replayed to: it is for nobody else. */
  readonly keys?: readonly number[] | undefined;
}

/** How things are with the stream, told whenever that changes. */
export interface StreamReport {
  readonly state: ConnectionState;
  /** The server's goodbye, where that is why. */
  readonly reason?: Goodbye | undefined;
  readonly session: string | undefined;
  /** Those in force, or asked for while it connects. */
  readonly topics: readonly string[];
  readonly cursor: string | undefined;
  /** Wants that have all of their replay: from here on they get what everybody gets. */
  readonly done: readonly number[];
}

/** A failure, for all tabs; of these topics for good. */
interface ToldFailure extends HubErrorDetails {
  readonly code: HubErrorCode;
  readonly message: string;
  readonly topics: readonly string[];
}

/** What the tabs of a browser tell each other; each part is acted upon on its own. */
export interface Message {
  /** The tab that tells. */
  readonly from?: string;
  /** Everything that the tab wants, in place of what it wanted before. */
  readonly wants?: readonly Want[];
  /** The tab is new, or has not heard of the leader for long: all say what they want, and the leader how things are. */
  readonly asks?: true;
  /** The tab has missed what came after this cursor. */
  readonly missedAfter?: string | undefined;
  /** Whose stream it is that blocks and report are about: a later leader has a higher one. */
  readonly term?: number;
  /** What came on the stream. */
  readonly blocks?: readonly Relayed[];
  readonly report?: StreamReport;
  readonly failure?: ToldFailure;
}
