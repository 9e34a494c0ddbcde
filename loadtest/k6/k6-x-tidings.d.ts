declare module 'k6/x/tidings' {
  export interface StreamsOptions {
    readonly url: string | readonly string[];
    readonly streams: number;
    readonly topics?: number;
    readonly spread?: boolean;
    readonly http?: 'h1' | 'h2';
    readonly streamsPerConnection?: number;
    readonly connectionsPerSecond?: number;
    readonly underWay?: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly tokens?: readonly string[];
    readonly lastEventId?: string;
    readonly live?: string;
    readonly reconnectDelayMs?: number;
    readonly keepAwayMs?: number;
    readonly tags?: Readonly<Record<string, string>>;
  }
  export interface Counts {
    readonly streams: number;
    readonly live: number;
    readonly opened: number;
    readonly events: number;
    readonly bytes: number;
    readonly lost: number;
    readonly repeated: number;
    readonly gaps: number;
    readonly reconnects: number;
    readonly returned: number;
    readonly refused: number;
    readonly ended: number;
    readonly byes: Readonly<Record<string, number>>;
  }
  export interface Latency {
    readonly count: number;
    readonly p50: number;
    readonly p95: number;
    readonly p99: number;
    readonly max: number;
  }
  export class Streams {
    constructor(options: StreamsOptions);
    open(timeoutMs?: number): Promise<void>;
    on(name: 'event', listener: (event: { stream: number; type: string; id: string; data: string }) => void): void;
    received(events: number, timeoutMs?: number): Promise<boolean>;
    returned(streams: number, timeoutMs?: number): Promise<boolean>;
    settled(timeoutMs?: number): Promise<boolean>;
    counts(): Counts;
    latency(): Latency;
    tag(name: string, value: string): void;
    pause(share: number): number;
    resume(): void;
    cut(share: number): number;
    close(): void;
  }
  export interface EventsOptions {
    readonly topic: string;
    readonly topics?: number;
    readonly payloadBytes?: number;
    readonly channel?: number;
  }
  export class Events {
    constructor(options: EventsOptions);
    take(count: number): string;
    readonly made: number;
  }
}
