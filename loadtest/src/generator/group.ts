import { LatencyHistogram, type Percentiles } from './latency.ts';
import { CHANNEL_SIZE } from './mark.ts';

/** What a group of streams has seen. */
export interface GroupTally {
  readonly opened: number;
  readonly received: number;
  /** Numbers that were jumped over, and ones that came again. */
  readonly lost: number;
  readonly repeated: number;
  /** Streams that ended without having been asked to. */
  readonly closed: number;
  readonly latency: Percentiles | undefined;
}

/** One stream of a client. */
export interface StreamState {
  readonly index: number;
  readonly group: StreamGroup;
  isOpen: boolean;
  /** What came before it counted as open. */
  greeting: string;
  /** The start of an event whose end is still to come. */
  carry: Buffer | undefined;
  /** The newest number of each channel. */
  readonly newest: number[];
  /** Cursor of the newest event, where the group keeps them. */
  cursor: string;
}

export interface GroupOptions {
  readonly name: string;
  /** A stream counts as open when this has come; empty: with its first byte. */
  readonly opening: string;
  /** Keep the cursor of each stream, to come back with. */
  readonly keepsCursors: boolean;
}

/** Streams that are opened, counted and waited for together. */
export class StreamGroup {
  readonly options: GroupOptions;
  readonly streams: StreamState[] = [];
  readonly latency = new LatencyHistogram();
  opened = 0;
  received = 0;
  lost = 0;
  repeated = 0;
  closed = 0;
  /** Told of each stream that opens. */
  onOpen: (stream: StreamState) => void = () => {};
  /** Told why a stream was refused, or could not be opened. */
  onFault: (why: string) => void = () => {};

  constructor(options: GroupOptions) {
    this.options = options;
  }

  add(): StreamState {
    const stream: StreamState = {
      index: this.streams.length,
      group: this,
      isOpen: false,
      greeting: '',
      carry: undefined,
      newest: [],
      cursor: '',
    };
    this.streams.push(stream);
    return stream;
  }

  /** Counts an event by its number: each must be the one after the last of its channel. */
  count(stream: StreamState, number: number): void {
    this.received += 1;
    const channel = Math.floor(number / CHANNEL_SIZE);
    const newest = stream.newest[channel];
    if (newest === undefined || number === newest + 1) {
      stream.newest[channel] = number;
    } else if (number > newest) {
      this.lost += number - newest - 1;
      stream.newest[channel] = number;
    } else {
      this.repeated += 1;
    }
  }

  tally(): GroupTally {
    const { opened, received, lost, repeated, closed } = this;
    return { opened, received, lost, repeated, closed, latency: this.latency.percentiles() };
  }
}
