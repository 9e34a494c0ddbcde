import type { Chance } from './chance.ts';
import type { Site } from './site.ts';
import type { Subscriber } from './subscriber.ts';

/** Where faults are injected. */
export interface Scene {
  readonly site: Site;
  readonly subscribers: readonly Subscriber[];
  readonly chance: Chance;
}

/** Something that goes wrong, and is mended. */
export interface Fault {
  readonly name: string;
  /** One fault at a time in each. */
  readonly domain: 'nats' | 'edge' | 'ingest' | 'clients';
  /** It touches all deliveries while it lasts, and not only the clients that lose their connection by it. */
  readonly touchesAll: boolean;
  /** Injects it, and resolves when it is over. */
  run(scene: Scene): Promise<void>;
}
