import { Hono } from 'hono';

export interface DemoOptions {
  /** Where the hub is; asked for when the first page is opened, and not before. */
  hubUrl(): string;
  /** Mints a token for a person of the demo, or for a back end. */
  mint(
    claims: {
      readonly sub: string;
      readonly tidings: { readonly subscribe?: readonly string[]; readonly publish?: readonly string[] };
    },
    lifetimeSec: number,
  ): Promise<string>;
}

/** The small applications at `/demo`, with their back ends. */
export interface Demo {
  readonly routes: Hono;
  /** Ends what their back ends do. */
  close(): void;
}

export function createDemo(_options: DemoOptions): Demo {
  return { routes: new Hono(), close() {} };
}
