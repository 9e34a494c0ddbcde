import { TidingsError } from '@tidings/protocol';
import { type Clock, checkShape, decodeText, parseJson, parseMediaType, readBody, systemClock } from '@tidings/runtime';
import { HubError } from '@tidings/sdk/publisher';
import { Hono } from 'hono';
import { z } from 'zod';
import { type Action, name } from './action.ts';
import { APPS, type DemoApp } from './app-list.ts';
import { type BackEnds, createBackEnds } from './back-ends.ts';
import { assertLocal, type DemoEnv } from './local-only.ts';
import { createPages } from './pages.ts';

/** Claims of a token, as far as the demo asks for them (contract section 3). */
interface DemoClaims {
  readonly sub: string;
  readonly tidings: { readonly subscribe?: readonly string[]; readonly publish?: readonly string[] };
}

export interface DemoOptions {
  /** Where the hub is; asked for when the first page is opened, and not before. */
  hubUrl(): string;
  /** Mints a token for a person of the demo, or for a back end. */
  mint(claims: DemoClaims, lifetimeSec: number): Promise<string>;
  /** Told of what failed where nobody waits for it. */
  onFault(error: unknown): void;
  readonly clock?: Clock;
}

/** The small applications at `/demo`, with their back ends. */
export interface Demo {
  readonly routes: Hono<DemoEnv>;
  /** Ends what their back ends do. */
  close(): void;
}

/** Short, so that one sees tokens renewed while a page stays open. */
const TOKEN_LIFETIME_SEC = 600;

const MAX_BODY_BYTES = 8_192;

const tokenQuery = z.strictObject({ app: z.enum(APPS.map((app) => app.name)), name });

/**
 * Makes the pages and their back ends, which run in this process, do nothing until a page asks, and publish over HTTP like
 * anybody else. Everything here answers to this machine alone: whoever can open a page gets tokens for its topics.
 * @throws Error when the pages were not built.
 */
export function createDemo({ hubUrl, mint, onFault, clock = systemClock }: DemoOptions): Demo {
  const life = new AbortController();
  const backEnds: BackEnds = createBackEnds({ hubUrl, mint, onFault, clock, signal: life.signal });
  const routes = new Hono<DemoEnv>();

  // The pages too: with one of them comes all else.
  routes.use('/demo/*', async (context, next) => {
    assertLocal(context.env.incoming);
    await next();
  });
  routes.route('/', createPages());

  routes.get('/demo/token', async (context) => {
    const query = checkShape(tokenQuery, context.req.query(), 'parameter');
    const app = findApp(query.app);
    await backEnds.get(app);
    const token = await mint({ sub: query.name, tidings: { subscribe: app.grants.page } }, TOKEN_LIFETIME_SEC);
    return context.json({ token }, 200, { 'Cache-Control': 'no-store' });
  });

  routes.post('/demo/:app/:action', async (context) => {
    const app = findApp(context.req.param('app'));
    const backEnd = await backEnds.get(app);
    const action = Object.hasOwn(backEnd, context.req.param('action')) && backEnd[context.req.param('action')];
    if (!action) throw new TidingsError('not-found', `The back end of ${app.name} does no such thing.`);
    const { incoming, outgoing } = context.env;
    // A form of another site can send any text, but not this type without asking before (Fetch standard, CORS protocol).
    if (parseMediaType(incoming.headers['content-type'])?.type !== 'application/json') {
      throw new TidingsError('unsupported-media-type', 'Send application/json.');
    }
    const input = parseJson(decodeText(await readBody(incoming, outgoing, MAX_BODY_BYTES)));
    return context.json((await run(action, input)) ?? {});
  });

  return { routes, close: () => life.abort() };
}

async function run(action: Action, input: unknown): Promise<unknown> {
  try {
    return await action(input);
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    throw new TidingsError('unavailable', `The hub did not take it: ${error.message}`, { retryAfterSec: 5 }, error);
  }
}

function findApp(wanted: string): DemoApp {
  const app = APPS.find(({ name }) => name === wanted);
  if (app === undefined) throw new TidingsError('not-found', 'There is no such application: see /demo.');
  return app;
}
