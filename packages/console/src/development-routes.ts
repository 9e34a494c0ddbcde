import type { IncomingMessage, ServerResponse } from 'node:http';
import { TidingsError } from '@tidings/protocol';
import { checkShape, decodeText, isLocal, parseJson, readBody } from '@tidings/runtime';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { DevelopmentTools, WantedClaims } from './development.ts';

const MOST_LIFETIME_SEC = 31 * 86_400;
// More than 200 patterns need.
const MAX_BODY_BYTES = 131_072;

const patterns = z.array(z.string()).max(100).optional();
const mintSchema = z.strictObject({
  lifetimeSec: z.int().min(1).max(MOST_LIFETIME_SEC),
  sub: z.string().min(1).max(255).optional(),
  tenant: z.string().min(1).max(64).optional(),
  tidings: z.strictObject({ subscribe: patterns, publish: patterns, admin: z.boolean().optional() }).optional(),
});
const faultSchema = z.strictObject({ target: z.string().max(255).default('') });

interface DevelopmentEnv {
  Bindings: { incoming: IncomingMessage; outgoing: ServerResponse };
}

/**
 * What the console asks for in development: `GET /console/development` says what there is, `POST …/tokens` mints, and
 * `POST …/faults/{name}` breaks something. All but the first want an admin's token, and all a request from this machine.
 * @param tools left out in production: then there is only the first, and it says so.
 */
export function createDevelopmentRoutes(tools: DevelopmentTools | undefined): Hono<DevelopmentEnv> {
  const routes = new Hono<DevelopmentEnv>();
  routes.get('/console/development', (context) => {
    if (tools === undefined || !isLocal(context.env.incoming)) return context.json({ development: false });
    const faults = tools.faults.map(({ name, targets }) => ({ name, ...(targets && { targets }) }));
    return context.json({ development: true, faults }, 200, { 'Cache-Control': 'no-store' });
  });
  if (tools === undefined) return routes;

  routes.post('/console/development/tokens', async (context) => {
    await admit(context, tools);
    const { lifetimeSec, ...claims } = checkShape(mintSchema, await readJson(context), 'pointer');
    const token = await tools.mint(claims as WantedClaims, lifetimeSec);
    return context.json({ token }, 201, { 'Cache-Control': 'no-store' });
  });
  routes.post('/console/development/faults/:name', async (context) => {
    await admit(context, tools);
    const fault = tools.faults.find(({ name }) => name === context.req.param('name'));
    if (fault === undefined) throw new TidingsError('not-found', 'There is no such fault here.');
    const { target } = checkShape(faultSchema, await readJson(context), 'pointer');
    if (fault.targets?.includes(target) === false) {
      throw new TidingsError('invalid-field', `It is done to one of: ${fault.targets.join(', ')}.`, {
        pointer: '/target',
      });
    }
    return context.json({ done: await fault.run(target) });
  });
  return routes;
}

async function admit(context: Context<DevelopmentEnv>, tools: DevelopmentTools): Promise<void> {
  if (!isLocal(context.env.incoming)) {
    throw new TidingsError('forbidden', 'This is for the machine of the hub alone, as localhost or 127.0.0.1.');
  }
  const token = /^Bearer (\S+)$/i.exec(context.req.header('authorization') ?? '')?.[1];
  if (token === undefined) throw new TidingsError('unauthenticated', 'Send the token of an admin as Bearer.');
  if (!(await tools.isAdmin(token))) throw new TidingsError('forbidden', "This token is no admin's.");
}

async function readJson({ env: { incoming, outgoing } }: Context<DevelopmentEnv>): Promise<unknown> {
  return parseJson(decodeText(await readBody(incoming, outgoing, MAX_BODY_BYTES)));
}
