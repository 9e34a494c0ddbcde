import { connect, headers as createHeaders, type Msg, type NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lastHeader, lastNumber, statusOf, toRawMessage } from '../../src/nats/raw-message.ts';
import { type NatsServer, startNatsServer } from '../../src/testing/index.ts';
import { headerBlock } from './fakes.ts';

describe('a header block', () => {
  const block = 'NATS/1.0\r\nNats-Sequence: 99\r\nA: one\r\nEmpty: \r\nNats-Sequence: 7\r\nB: two: three\r\n\r\n';

  it('gives the last of several values of a name: a forged one comes first', () => {
    expect(lastHeader(block, 'Nats-Sequence')).toBe('7');
    expect(lastNumber(block, 'Nats-Sequence')).toBe(7);
  });

  it('gives a value whole, an empty one too, and nothing for a name that is missing', () => {
    expect(lastHeader(block, 'A')).toBe('one');
    expect(lastHeader(block, 'B')).toBe('two: three');
    expect(lastHeader(block, 'Empty')).toBe('');
    expect(lastHeader(block, 'C')).toBeUndefined();
    expect(lastNumber(block, 'C')).toBe(0);
  });

  it('does not mistake the end of a name, a value or the status line for a name', () => {
    const tricky = 'NATS/1.0 204 EOB\r\nX-Seq: 1\r\nY: Seq: 2\r\n\r\n';
    expect(lastHeader(tricky, 'Seq')).toBeUndefined();
    expect(lastHeader(tricky, 'NATS/1.0 204 EOB')).toBeUndefined();
  });

  it.each([
    ['NATS/1.0 204 EOB\r\nNats-Num-Pending: 3\r\n\r\n', 204],
    ['NATS/1.0 404 Message Not Found\r\n\r\n', 404],
    ['NATS/1.0 503\r\n\r\n', 503],
    ['NATS/1.0\r\nA: 204\r\n\r\n', 0],
    ['NATS/1.0\r\nA: NATS/1.0 204\r\n\r\n', 0],
    ['', 0],
  ])('tells its status: %j', (headers, status) => {
    expect(statusOf(headers)).toBe(status);
  });

  it('is written by the fakes as the server writes it', () => {
    expect(headerBlock('204 EOB', { A: 1 })).toBe('NATS/1.0 204 EOB\r\nA: 1\r\n\r\n');
    expect(headerBlock('')).toBe('NATS/1.0\r\n\r\n');
  });
});

describe('a message of the pinned client', () => {
  let server: NatsServer;
  let client: NatsConnection;

  beforeAll(async () => {
    server = await startNatsServer();
    client = await connect({ servers: server.url });
  });
  afterAll(async () => {
    await client?.close();
    await server?.remove();
  });

  async function receive(publish: (subject: string) => void): Promise<Msg> {
    const subscription = client.subscribe('raw', { max: 1 });
    publish('raw');
    for await (const message of subscription) return message;
    throw new Error('nothing came');
  }

  it('has the internals that are read past its getters', async () => {
    const headers = createHeaders();
    headers.set('A', 'one');
    const message = await receive((subject) => client.publish(subject, 'body', { headers }));
    const internals = message as unknown as Record<string, unknown> & { _msg: { hdr: unknown } };
    expect(internals._rdata).toBeInstanceOf(Uint8Array);
    expect(internals._msg.hdr).toBe('NATS/1.0\r\nA: one\r\n\r\n'.length);
  });

  it('is split into headers and payload as the client itself splits it', async () => {
    const headers = createHeaders();
    headers.append('A', 'one');
    headers.append('A', 'two');
    const message = await receive((subject) => client.publish(subject, '\r\n\r\nbody', { headers }));
    const raw = toRawMessage(message);
    expect(raw.subject).toBe('raw');
    expect(raw.headers).toBe('NATS/1.0\r\nA: one\r\nA: two\r\n\r\n');
    expect(raw.data.toString()).toBe('\r\n\r\nbody');
    expect(Buffer.from(message.data)).toEqual(raw.data);
    expect(message.headers?.last('A')).toBe(lastHeader(raw.headers, 'A'));
  });

  it('may have no headers, no payload, or neither', async () => {
    const bare = toRawMessage(await receive((subject) => client.publish(subject, 'body')));
    expect([bare.headers, bare.data.toString()]).toEqual(['', 'body']);
    const headers = createHeaders();
    headers.set('A', '1');
    const headed = toRawMessage(await receive((subject) => client.publish(subject, undefined, { headers })));
    expect([headed.headers, headed.data.length]).toEqual(['NATS/1.0\r\nA: 1\r\n\r\n', 0]);
    const empty = toRawMessage(await receive((subject) => client.publish(subject)));
    expect([empty.headers, empty.data.length]).toEqual(['', 0]);
  });

  it('without a body at all is an empty one', () => {
    const raw = toRawMessage({ subject: 's', _rdata: undefined, _msg: { hdr: -1 } } as unknown as Msg);
    expect([raw.subject, raw.headers, raw.data.length]).toEqual(['s', '', 0]);
  });

  it('carries headers of bytes beyond ASCII as latin1, one character for each byte', async () => {
    const headers = createHeaders();
    headers.set('A', 'é');
    const raw = toRawMessage(await receive((subject) => client.publish(subject, 'x', { headers })));
    expect(Buffer.from(lastHeader(raw.headers, 'A') ?? '', 'latin1').toString()).toBe('é');
    expect(raw.data.toString()).toBe('x');
  });
});
