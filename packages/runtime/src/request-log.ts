import type { ClientAddress } from './client-address.ts';
import type { Logger } from './logger.ts';
import type { ServiceContext } from './service-app.ts';
import { traceIdOf } from './trace.ts';

/** Notes that a request came, and writes its line when the answer is complete or the client gone. */
export type RequestLog = (context: ServiceContext, safeUrl: string) => void;

/** One line for each request (contract section 9), at level `info`; where nobody reads those, it costs nothing. */
export function createRequestLog(log: Logger, clientAddress: ClientAddress): RequestLog {
  // Looking for members that are named like secrets took three quarters of what a line costs; it looks one level down, and
  // these lines are flat.
  const lines = log.child({}, { redact: [] });
  return (context, safeUrl) => {
    if (!lines.isLevelEnabled('info')) return;
    const { incoming, outgoing } = context.env;
    const started = performance.now();
    // Asked now: a socket that is closed does not know it any more.
    const { remoteAddress } = incoming.socket;
    const bytesBefore = incoming.socket.bytesWritten ?? 0;
    // `close` and not the end of the handler: a client that leaves early is logged too, and a stream when it ends.
    outgoing.on('close', () => {
      const { user, tenant } = context.get('caller') ?? {};
      const { headers } = incoming;
      lines.info(
        {
          traceId: traceIdOf(headers.traceparent as string | undefined),
          method: incoming.method,
          url: safeUrl,
          status: outgoing.headersSent ? outgoing.statusCode : 499,
          durationMs: Math.round((performance.now() - started) * 10) / 10,
          bytes: (incoming.socket?.bytesWritten ?? 0) - bytesBefore,
          address: clientAddress(remoteAddress, headers['x-forwarded-for'] as string | undefined),
          user,
          tenant,
          ...context.get('logDetail')?.(),
        },
        'request',
      );
    });
  };
}
