import type { IncomingMessage } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { OpenAPIHono } from '@hono/zod-openapi';
import { type ProblemCode, TidingsError } from '@tidings/protocol';
import type { Context } from 'hono';
import { allowedMethods } from './allowed-methods.ts';
import type { ClientAddress } from './client-address.ts';
import { TOKEN_IN_URL_HEADERS } from './direct-answer.ts';
import type { LimitHeaders } from './limit/limit-headers.ts';
import type { Logger } from './logger.ts';
import { redactUrl } from './logger.ts';
import { errorResponse } from './problem-response.ts';
import { decodeSegment } from './query.ts';
import { createRequestLog, type WriteLine } from './request-log.ts';
import { traceIdOfRequest } from './request-trace.ts';

/** What a route of a service finds in its context. */
export interface ServiceEnv {
  Bindings: HttpBindings;
  Variables: {
    /** Finds where a client is, behind the proxies that are trusted. */
    clientAddress: ClientAddress;
    /** CORS headers of the answer. Answers that are written raw must carry them too. */
    corsHeaders: Record<string, string>;
    /** Limits of the caller and what is left of each, for every answer; `undefined` where there are none. */
    limitHeaders: LimitHeaders | undefined;
    /** The URL holds a token, or what may be one: answers that are written raw must carry `TOKEN_IN_URL_HEADERS`. */
    tokenInUrl: boolean;
    /** Who asks, for the log; set by authentication. */
    caller: { user: string | undefined; tenant: string; tokenId?: string | undefined } | undefined;
    /** Of every log line of the request, once one was written, or a span begun: see `traceIdOfRequest`. */
    traceId: string | undefined;
    /** Of its span, where one is recorded. */
    spanId: string | undefined;
    /** What the request's line says beside what all lines have. */
    lineDetail: object | undefined;
    /** Takes the request's line over from the end of its answer, for an answer that lasts; `undefined` without a log. */
    takeLine: (() => WriteLine) | undefined;
  };
}

export type ServiceApp = OpenAPIHono<ServiceEnv>;
export type ServiceContext = Context<ServiceEnv>;

export interface ServiceAppOptions {
  readonly log: Logger;
  readonly clientAddress: ClientAddress;
  /** The origin that a page's request may be answered for, as it stands in `Origin`; `undefined` for none. */
  readonly corsOrigin: (incoming: IncomingMessage) => string | undefined;
  /** Told of every request that is refused or fails. */
  readonly onProblem?: OnProblem;
}

/** Takes notice of a request that is answered with a problem. */
export type OnProblem = (code: ProblemCode, context: ServiceContext) => void;

const CORS_METHODS = 'GET, POST, PATCH, DELETE';
const CORS_HEADERS = 'Authorization, Content-Type, Last-Event-ID, Idempotency-Key';
const CORS_EXPOSED = 'Tidings-Session, Retry-After, RateLimit, RateLimit-Policy';
const PREFLIGHT_AGE_SEC = '600';

/** The hono application that services add their routes to: path matching, CORS, the request log, problems. */
export function createServiceApp({ log, clientAddress, corsOrigin, onProblem }: ServiceAppOptions): ServiceApp {
  const app = new OpenAPIHono<ServiceEnv>({
    // The path as it was sent: URL parsing would fold `%2e%2e` away, and one topic could then name another route.
    getPath: (_request, options) => rawPath((options as { env: HttpBindings }).env.incoming),
  });

  const logRequest = createRequestLog(log, clientAddress);

  function fail(error: unknown, context: ServiceContext): Response {
    onProblem?.(error instanceof TidingsError ? error.code : 'internal', context);
    return errorResponse(error, log, () => traceIdOfRequest(context));
  }

  app.use(async (context, next) => {
    const { incoming, outgoing } = context.env;
    const url = incoming.url ?? '';
    const safeUrl = redactUrl(url);
    logRequest(context, safeUrl);
    context.set('tokenInUrl', safeUrl !== url);
    context.set('clientAddress', clientAddress);
    context.set('corsHeaders', corsHeadersOf(incoming, corsOrigin(incoming)));
    await next();
    // Whoever answered past hono has sent the head, or found the client gone.
    if (outgoing.headersSent || context.res === RESPONSE_ALREADY_SENT) return;
    const added = { ...context.get('limitHeaders'), ...context.get('corsHeaders') };
    for (const [name, value] of Object.entries(added)) context.res.headers.set(name, value);
    if (!context.get('tokenInUrl')) return;
    for (const [name, value] of Object.entries(TOKEN_IN_URL_HEADERS)) {
      // Where an answer says how it may be kept, it is told so already, and more.
      if (name !== 'Cache-Control' || !context.res.headers.has(name)) context.res.headers.set(name, value);
    }
  });

  app.options('*', (context) => {
    const { incoming } = context.env;
    const allow = allowedMethods(app.routes, rawPath(incoming));
    if (allow === undefined) throw notFound();
    if (incoming.headers.origin === undefined) return new Response(null, { status: 204, headers: { Allow: allow } });
    if (corsOrigin(incoming) === undefined) {
      throw new TidingsError('forbidden-origin', 'Pages of this origin may not use this service.');
    }
    return new Response(null, {
      status: 204,
      headers: {
        Allow: allow,
        'Access-Control-Allow-Methods': CORS_METHODS,
        'Access-Control-Allow-Headers': CORS_HEADERS,
        'Access-Control-Max-Age': PREFLIGHT_AGE_SEC,
      },
    });
  });

  app.notFound((context) => {
    const allow = allowedMethods(app.routes, rawPath(context.env.incoming));
    const error =
      allow === undefined ? notFound() : new TidingsError('method-not-allowed', `This path takes ${allow}.`, { allow });
    return fail(error, context);
  });
  app.onError(fail);
  return app;
}

/** Where the client of a request is, behind the proxies that are trusted; empty when its socket does not know any more. */
export function clientAddressOf(context: ServiceContext): string {
  const { socket, headers } = context.env.incoming;
  return context.get('clientAddress')(socket?.remoteAddress, headers['x-forwarded-for'] as string | undefined);
}

/** The path of a request exactly as it was sent, without the query. */
export function rawPath(incoming: IncomingMessage): string {
  const url = incoming.url ?? '/';
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

/**
 * One segment of the path, decoded; the first is at place 1.
 * @throws TidingsError `malformed-url` for percent-encoding that is broken or not UTF-8.
 */
export function pathSegment(incoming: IncomingMessage, place: number): string {
  return decodeSegment(rawPath(incoming).split('/')[place] ?? '');
}

const notFound = (): TidingsError => new TidingsError('not-found', 'There is nothing here: see /docs.');

function corsHeadersOf(incoming: IncomingMessage, origin: string | undefined): Record<string, string> {
  if (incoming.headers.origin === undefined) return {};
  if (origin === undefined) return { Vary: 'Origin' };
  return {
    Vary: 'Origin',
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Allow-Credentials': 'true',
    'Access-Control-Expose-Headers': CORS_EXPOSED,
  };
}
