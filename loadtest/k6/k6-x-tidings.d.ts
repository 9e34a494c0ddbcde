/** The module of k6 that loadtest/k6-tidings registers. Only k6 runs it; here are its types. */
declare module 'k6/x/tidings' {
  export interface StreamsOptions {
    /**
     * Of `/v1/stream` with its query; `{n}` stands for the number of the stream, modulo `topics`. Several are taken in
     * turn, and a stream that must come back takes the next one.
     */
    readonly url: string | readonly string[];
    readonly streams: number;
    /** Default: `streams`. */
    readonly topics?: number;
    /** False: all begin at the first `url`, and go to the next one only when they come back. Default true. */
    readonly spread?: boolean;
    /** `h2` is h2c with `http://`, and ALPN `h2` with `https://`. Default: `h1`, each stream on a connection of its own. */
    readonly http?: 'h1' | 'h2';
    /** On HTTP/2, 100 by default. Neighbours share a connection; a server that allows fewer gets more connections. */
    readonly streamsPerConnection?: number;
    /** Pace of the first opening. Default 0: as fast as they are taken. */
    readonly connectionsPerSecond?: number;
    /** Most streams on their way to live at once, first time and later; 200 by default. */
    readonly underWay?: number;
    readonly headers?: Readonly<Record<string, string>>;
    /** `Authorization: Bearer`, taken in turn. */
    readonly tokens?: readonly string[];
    /** All streams begin behind it. */
    readonly lastEventId?: string;
    /** The event with which a stream counts as live: `hub.live` by default. Empty: the head of a 200. It is not counted. */
    readonly live?: string;
    /** In place of the reconnection time of the server (which is 3,000 until it says one). 0: at once. */
    readonly reconnectDelayMs?: number;
    /** A stream that was live and is cut waits at least so long, as a phone in a tunnel does. Default 0. */
    readonly keepAwayMs?: number;
    /** On every sample of these streams. */
    readonly tags?: Readonly<Record<string, string>>;
  }

  /** All since the start, unless it says "now". */
  export interface Counts {
    readonly streams: number;
    /** Now. */
    readonly live: number;
    /** Were live, each counted once. */
    readonly opened: number;
    /** Without `hub.*`. */
    readonly events: number;
    /** Of all bodies. */
    readonly bytes: number;
    /** Numbers that were jumped over, and numbers that came again. */
    readonly lost: number;
    readonly repeated: number;
    /** `hub.gap` that the server told. */
    readonly gaps: number;
    /** Streams that were live, ended and were dialled again; of these, the ones that are or were live again. */
    readonly reconnects: number;
    readonly returned: number;
    /** Answered with other than an event stream and 204: an EventSource gives up, and so do these. */
    readonly refused: number;
    /** Will not come back: refused, or 204. */
    readonly ended: number;
    /** `hub.bye` by reason. */
    readonly byes: Readonly<Record<string, number>>;
  }

  export interface StreamEvent {
    /** Its number, from 0. */
    readonly stream: number;
    /** `message` where the stream named none. */
    readonly type: string;
    /** The newest id of the stream; empty where there was none. */
    readonly id: string;
    readonly data: string;
  }

  /** Milliseconds from an event's mark to its arrival; quantiles are exact to 1%, and 0 where there was no event. */
  export interface Latency {
    readonly count: number;
    readonly p50: number;
    readonly p95: number;
    readonly p99: number;
    readonly max: number;
  }

  /**
   * Event streams that behave as EventSource does: each comes back when it ends, behind the last event that it got. They end
   * with the iteration that made them.
   */
  export class Streams {
    /** Nothing is dialled yet. @throws Error in the init context, and where an option makes no sense. */
    constructor(options: StreamsOptions);
    /**
     * Dials, and resolves when every stream has been live.
     * @param timeoutMs 120,000 by default.
     * @throws Error with how many are live and why not all: the first refusal with its status and what it says, or the time.
     */
    open(timeoutMs?: number): Promise<void>;
    /**
     * Hands every event of connections that begin after this to a function. The iteration then goes on until `close`.
     * Without it events are counted and never reach JavaScript, which is many times cheaper.
     */
    on(name: 'event', listener: (event: StreamEvent) => void): void;
    /** Resolves when so many events have come in all; with false when the time is over first. @param timeoutMs 60,000 by default. */
    received(events: number, timeoutMs?: number): Promise<boolean>;
    /** Resolves when so many streams have come back, each counted each time. @param timeoutMs 60,000 by default. */
    returned(reconnects: number, timeoutMs?: number): Promise<boolean>;
    /** Resolves when every stream that has not ended is live. @param timeoutMs 60,000 by default. */
    settled(timeoutMs?: number): Promise<boolean>;
    counts(): Counts;
    /** How the latencies were spread since the last call, to compare one part of a test with another. */
    latency(): Latency;
    /** Puts a tag on every sample from now on, such as the part of the test; in the place of one of that name. */
    tag(name: string, value: string): void;
    /** That share of the streams, the first ones, stop reading their sockets. @returns how many. */
    pause(share: number): number;
    /** All read again. */
    resume(): void;
    /**
     * Closes the connections of that share of the streams as a network would, beginning behind those of the last time. They come back.
     * @returns how many streams were on them.
     */
    cut(share: number): number;
    /** Ends all streams and sends what k6 has not been told yet. */
    close(): void;
  }

  export interface EventsOptions {
    /** `{n}` stands for a number below `topics`, taken in turn. */
    readonly topic: string;
    /** Default 1. */
    readonly topics?: number;
    /** At least 25: the mark that says when an event was sent, and as which of its topic. */
    readonly payloadBytes?: number;
    /** Tells publishers of one topic apart, 0 to 9: each numbers its own. Default 0. */
    readonly channel?: number;
  }

  /** Numbers the events of topics and makes bodies for `POST /v1/events`. */
  export class Events {
    constructor(options: EventsOptions);
    /** One event as JSON, or an array of several; stamped with the time of this call. */
    take(count: number): string;
    /** How many there were so far. */
    readonly made: number;
  }
}
