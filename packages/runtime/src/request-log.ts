import type { ServerResponse } from 'node:http';
import type { ClientAddress } from './client-address.ts';
import type { Logger } from './logger.ts';
import type { ServiceContext } from './service-app.ts';
import { traceIdOf } from './trace.ts';

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
    const { method, headers } = incoming;
    const startedMs = performance.now();
    // Asked now: a socket that is closed does not know it any more.
    const { remoteAddress } = incoming.socket;
    const bytesBefore = incoming.socket.bytesWritten ?? 0;
    const traceparent = headers.traceparent as string | undefined;
    const forwardedFor = headers['x-forwarded-for'] as string | undefined;

    const write = (status: number, caller: Caller, detail: object): void =>
      lines.info(
        {
          traceId: traceIdOf(traceparent),
          method,
          url: safeUrl,
          status,
          durationMs: Math.round((performance.now() - startedMs) * 10) / 10,
          address: clientAddress(remoteAddress, forwardedFor),
          user: caller?.user,
          tenant: caller?.tenant,
          ...detail,
        },
        'request',
      );
    // `close` and not the end of the handler: a client that leaves early is logged too.
    const onClose = (): void => {
      const status = outgoing.headersSent ? outgoing.statusCode : 499;
      write(status, context.get('caller'), {
        bytes: bytesOf(outgoing, incoming.socket?.bytesWritten ?? 0, bytesBefore),
      });
    };
    outgoing.on('close', onClose);
    context.set('takeLine', () => {
      outgoing.off('close', onClose);
      return lineOf(write, context.get('caller'));
    });
  };
}

type Caller = { user: string | undefined; tenant: string } | undefined;

// On its own, so that what it returns holds on to nothing of the request: a stream may last for days.
function lineOf(write: (status: number, caller: Caller, detail: object) => void, caller: Caller): WriteLine {
  const { user, tenant } = caller ?? {};
  const kept = tenant === undefined ? undefined : { user, tenant };
  return (status, detail) => write(status, kept, detail);
}

// Over HTTP/2 the connection's bytes are those of many answers.
function bytesOf(outgoing: ServerResponse, bytesNow: number, bytesBefore: number): number {
  if ('stream' in outgoing) return Number(outgoing.getHeader('content-length') ?? 0);
  return bytesNow - bytesBefore;
}
