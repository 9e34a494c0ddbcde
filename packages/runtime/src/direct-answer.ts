import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { ServiceContext } from './service-app.ts';

/** What an answer to a URL with a token in it must carry: that URL must not be passed on (contract section 3). */
export const TOKEN_IN_URL_HEADERS: Readonly<Record<string, string>> = {
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

/**
 * Answers with JSON straight to Node's response. What hono makes of a `Response` costs more than all else that a publish
 * does: a stream for the body and its reader, two sets of headers, three turns of the microtask queue. The headers that
 * every answer of a service carries are added here, as the application would. HTTP/1 and HTTP/2.
 * @returns what tells hono that the answer is on its way.
 */
export function answerJson(context: ServiceContext, status: number, value: unknown): Response {
  const { outgoing } = context.env;
  const text = JSON.stringify(value);
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
  const tokenHeaders = context.get('tokenInUrl') ? TOKEN_IN_URL_HEADERS : undefined;
  Object.assign(headers, context.get('corsHeaders'), context.get('limitHeaders'), tokenHeaders);
  outgoing.writeHead(status, headers);
  outgoing.end(text);
  return RESPONSE_ALREADY_SENT;
}
