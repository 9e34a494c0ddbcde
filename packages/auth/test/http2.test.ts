import { connect, createServer, type OutgoingHttpHeaders } from 'node:http2';
import { type AddressInfo, connect as connectSocket } from 'node:net';
import { parseQuery, type RequestHead } from '@tidings/runtime';
import {
  createFakeClock,
  END_HEADERS,
  END_STREAM,
  type Field,
  FRAME,
  PREFACE,
  toBlock,
  toFrame,
  toSettings,
} from '@tidings/runtime/testing';
import { expect, it, onTestFinished } from 'vitest';
import { type Access, createAuthenticator } from '../src/authenticator.ts';
import { createKeySources } from '../src/key-source.ts';
import { parseAllowedOrigins } from '../src/origin.ts';
import { createVerifier } from '../src/verify.ts';
import { SECRET, sign } from './keys.ts';

const clock = createFakeClock();
const tokenOf = (sub: string): Promise<string> => sign({ sub, exp: clock.now() / 1000 + 60 });

interface Outcome {
  readonly access?: Access;
  readonly error?: unknown;
  readonly cors: string | undefined;
}

/** A server that speaks HTTP/2 without TLS and authenticates what it is asked. */
async function start(): Promise<{ port: number; outcomes: Outcome[] }> {
  const authenticator = createAuthenticator({
    verifier: createVerifier({ keys: createKeySources({ secrets: [SECRET] }, clock), clock }),
    allowedOrigins: parseAllowedOrigins([]),
    cookieName: 'tidings',
    production: false,
    onRefusal: () => {},
  });
  const outcomes: Outcome[] = [];
  const judge = async (incoming: RequestHead & { url: string }): Promise<Outcome> => {
    const cors = authenticator.corsOrigin(incoming);
    try {
      return { access: await authenticator.authenticate(incoming, parseQuery(incoming.url)), cors };
    } catch (error) {
      return { error, cors };
    }
  };
  const server = createServer(async (incoming, outgoing) => {
    outcomes.push(await judge(incoming));
    outgoing.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, outcomes };
}

async function ask(headers: OutgoingHttpHeaders): Promise<Outcome & { port: number }> {
  const { port, outcomes } = await start();
  const session = connect(`http://127.0.0.1:${port}`);
  const stream = session.request({ ':path': '/', ...headers });
  await new Promise((resolve, reject) => stream.on('error', reject).on('close', resolve).resume());
  session.close();
  return { ...(outcomes[0] as Outcome), port };
}

it('a bearer token counts over HTTP/2', async () => {
  const { access } = await ask({ authorization: `Bearer ${await tokenOf('alice')}` });
  expect(access).toMatchObject({ anonymous: false, grant: { user: 'alice' } });
});

it('RFC 9113 section 8.2.3: a cookie is found in any of the fields that a browser splits its cookies into', async () => {
  const cookie = ['theme=dark', `tidings=${await tokenOf('alice')}`, 'last=1'];
  expect((await ask({ cookie, 'sec-fetch-site': 'same-origin' })).access?.grant.user).toBe('alice');
});

it('section 3: the own origin is known by :authority, and by Host where a client sends that', async () => {
  const cookie = `tidings=${await tokenOf('alice')}`;
  const asked = { cookie, ':authority': 'hub.example', origin: 'https://hub.example' };
  expect(await ask(asked)).toMatchObject({ access: { grant: { user: 'alice' } }, cors: 'https://hub.example' });
  expect((await ask({ ...asked, origin: 'https://evil.example' })).error).toMatchObject({ code: 'forbidden-origin' });
  const named = { cookie, host: 'hub.example', origin: 'https://hub.example' };
  expect(await ask(named)).toMatchObject({ access: { grant: { user: 'alice' } }, cors: 'https://hub.example' });
});

it('RFC 9113 section 8.3.1: :authority outranks a Host that says something else', async () => {
  const { port, outcomes } = await start();
  await sendFields(port, [
    [':authority', 'hub.example'],
    ['host', 'evil.example'],
    ['origin', 'https://evil.example'],
  ]);
  expect(outcomes).toMatchObject([{ access: { anonymous: true }, cors: undefined }]);
});

it('section 3: two authorization fields are refused, of which Node keeps the first alone', async () => {
  const { port, outcomes } = await start();
  const field: Field = ['authorization', `Bearer ${await tokenOf('alice')}`];
  await sendFields(port, [[':authority', 'hub.example'], field]);
  await sendFields(port, [[':authority', 'hub.example'], field, field]);
  expect(outcomes[0]?.access?.grant.user).toBe('alice');
  expect(outcomes[1]?.error).toMatchObject({ code: 'unauthenticated' });
});

/** Sends a request with these fields as they are: Node's own client refuses to repeat one. Resolves when it is answered. */
async function sendFields(port: number, fields: readonly Field[]): Promise<void> {
  const given: Field[] = [[':method', 'GET'], [':scheme', 'http'], [':path', '/'], ...fields];
  const request = Buffer.concat([
    PREFACE,
    toSettings(),
    toFrame(FRAME.HEADERS, END_STREAM | END_HEADERS, 1, toBlock(given)),
  ]);
  const socket = connectSocket(port, '127.0.0.1', () => socket.write(request));
  await new Promise<void>((resolve, reject) => {
    let received = Buffer.alloc(0);
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      const types = typesOf(received);
      if (types.includes(FRAME.HEADERS)) resolve();
      if (types.includes(FRAME.RST_STREAM)) reject(new Error('the request was reset'));
    });
    socket.on('error', reject).on('close', () => reject(new Error('closed without an answer')));
  });
  socket.removeAllListeners('close').destroy();
}

function typesOf(frames: Buffer): number[] {
  const types: number[] = [];
  for (let start = 0; start + 9 <= frames.length; start += 9 + frames.readUIntBE(start, 3)) {
    types.push(frames[start + 3] as number);
  }
  return types;
}
