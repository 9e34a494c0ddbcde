import type { ServerResponse } from 'node:http';
import type { ClientAddress } from './client-address.ts';
import type { Logger } from './logger.ts';
import { traceIdOfRequest } from './request-trace.ts';
import type { ServiceContext } from './service-app.ts';

/** Notes that a request came, and writes its line when the answer is complete or the client gone. */
export type RequestLog = (context: ServiceContext, safeUrl: string) => void;

/** Writes the line of an answer that lasts, once it has ended; `detail` stands in it beside what all lines have. */
export type WriteLine = (status: number, detail: object) => void;

/** One line for each request (contract section 9), at level `info`; where nobody reads those, it costs nothing. */
export function createRequestLog(log: Logger, clientAddress: ClientAddress): RequestLog {
  // Looking for members that are named like secrets took three quarters of what a line costs; it looks one level down, and
  // these lines are flat.
  const lines = log.child({}, { redact: [] });
  return (context, safeUrl) => {
    if (!lines.isLevelEnabled('info')) return;
    const { incoming, outgoing } = context.env;
    const { headers } = incoming;
    const bytesBefore = incoming.socket.bytesWritten ?? 0;
    const facts: Facts = {
      method: incoming.method,
      url: safeUrl,
      startedMs: performance.now(),
      // Asked now: a socket that is closed does not know it any more.
      remoteAddress: incoming.socket.remoteAddress,
      forwardedFor: headers['x-forwarded-for'] as string | undefined,
    };
    // `close` and not the end of the handler: a client that leaves early is logged too.
    const onClose = (): void => {
      const status = outgoing.headersSent ? outgoing.statusCode : 499;
      const bytes = bytesOf(outgoing, incoming.socket?.bytesWritten ?? 0, bytesBefore);
      writerOf(
        lines,
        clientAddress,
        facts,
        traceOf(context),
        context.get('caller'),
      )(status, {
        bytes,
        ...context.get('lineDetail'),
      });
    };
    outgoing.on('close', onClose);
    context.set('takeLine', () => {
      outgoing.off('close', onClose);
      return writerOf(lines, clientAddress, facts, traceOf(context), context.get('caller'));
    });
  };
}

interface Trace {
  readonly traceId: string;
  readonly spanId: string | undefined;
}

const traceOf = (context: ServiceContext): Trace => ({
  traceId: traceIdOfRequest(context),
  spanId: context.get('spanId'),
});

type Caller = { user: string | undefined; tenant: string } | undefined;

/** What a line says of its request, and nothing that holds on to it. */
interface Facts {
  readonly method: string | undefined;
  readonly url: string;
  readonly startedMs: number;
  readonly remoteAddress: string | undefined;
  readonly forwardedFor: string | undefined;
}

// A function of the module: one that is made beside the request would keep it for as long as itself, and a stream may
// last for days.
function writerOf(
  lines: Logger,
  clientAddress: ClientAddress,
  facts: Facts,
  { traceId, spanId }: Trace,
  caller: Caller,
): WriteLine {
  const { user, tenant } = caller ?? {};
  return (status, detail) =>
    lines.info(
      {
        traceId,
        spanId,
        method: facts.method,
        url: facts.url,
        status,
        durationMs: Math.round((performance.now() - facts.startedMs) * 10) / 10,
        address: clientAddress(facts.remoteAddress, facts.forwardedFor),
        user,
        tenant,
        ...detail,
      },
      'request',
    );
}

// Over HTTP/2 the connection's bytes are those of many answers.
function bytesOf(outgoing: ServerResponse, bytesNow: number, bytesBefore: number): number {
  if ('stream' in outgoing) return Number(outgoing.getHeader('content-length') ?? 0);
  return bytesNow - bytesBefore;
}
