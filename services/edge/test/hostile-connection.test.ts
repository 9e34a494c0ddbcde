import { watchForLeaks } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { startEdge } from './fixture.ts';
import { connectRaw } from './raw-connection.ts';

describe('hardening section 1: who a client says that it is', () => {
  it.each(['1.2.3.4', '127.0.0.2, 10.0.0.1', 'unknown', '::1'])(
    'X-Forwarded-For %j of nobody that we trust makes no new address: the limit and the log know the connection',
    async (forged) => {
      const edge = await startEdge({ settings: { maxConnectionsPerAddress: 1 } });
      const first = await edge.stream('topic=a');
      await first.event('hub.live');
      const authorization = `Bearer ${await edge.token()}`;
      const headers = { authorization, 'x-forwarded-for': forged, forwarded: `for=${forged}`, 'x-real-ip': forged };
      const second = await edge.stream('topic=a&client=test/1.0', { headers });
      expect(second.status).toBe(429);
      await eventually(() => edge.lines.some(({ status }) => status === 429));
      expect(edge.lines.find(({ status }) => status === 429)?.address).toMatch(/127\.0\.0\.1$/);
    },
  );
});

describe('hardening section 1: a stream whose client closes its side', () => {
  it('is over for the edge too, and leaves no session', async () => {
    const edge = await startEdge();
    const left = watchForLeaks();
    const half = connectRaw(edge.port, true);
    half.socket.write(
      `GET /v1/stream?topic=a HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${await edge.token()}\r\n\r\n`,
    );
    await half.until((text) => text.includes('hub.live'));
    half.socket.end();
    await eventually(() => edge.edge.openStreams === 0 && edge.sockets.size === 0);
    expect(await edge.openGauge()).toBe(0);
    half.socket.destroy();
    await left();
  });
});
