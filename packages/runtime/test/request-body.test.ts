import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { TidingsError } from '@tidings/protocol';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { anyText } from '../../../test/any-text.ts';
import { decodeText, parseJson, parseMediaType, readBody } from '../src/request-body.ts';
import { closeServer, listen } from '../src/server/listening.ts';
import { type RawAnswer, sendRaw } from '../src/testing/index.ts';

describe('parseMediaType', () => {
  it.each<readonly [string | undefined, { type: string; charset: string } | undefined]>([
    ['application/json', { type: 'application/json', charset: 'utf-8' }],
    ['Application/JSON ; Charset=UTF-8', { type: 'application/json', charset: 'utf-8' }],
    ['text/plain;charset="utf-8"', { type: 'text/plain', charset: 'utf-8' }],
    ['text/plain; format=flowed; charset=latin1', { type: 'text/plain', charset: 'latin1' }],
    ['text/plain; xcharset=latin1', { type: 'text/plain', charset: 'utf-8' }],
    ['text/plain; charset=', { type: 'text/plain', charset: '' }],
    ['application/vnd.api+json', { type: 'application/vnd.api+json', charset: 'utf-8' }],
    ['', undefined],
    [undefined, undefined],
    ['text', undefined],
    ['text/', undefined],
    ['/plain', undefined],
    ['text/plain/x', undefined],
    ['text/pl ain', undefined],
    ['text/plain, text/html', undefined],
    [';charset=utf-8', undefined],
  ])('reads %j', (header, expected) => {
    expect(parseMediaType(header)).toEqual(expected);
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (header) => void parseMediaType(header)));
  });
});

describe('readBody', () => {
  /** A server that answers with the length of the body, or with the code of what was wrong. */
  async function startReader(maxBytes: number): Promise<{ port: number; codes: string[]; bodies: Buffer[] }> {
    const codes: string[] = [];
    const bodies: Buffer[] = [];
    const read = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
      try {
        bodies.push(await readBody(incoming, outgoing, maxBytes));
        outgoing.end('fine');
      } catch (error) {
        codes.push((error as TidingsError).code);
        outgoing.writeHead(400).end((error as TidingsError).code);
      }
    };
    const server = createServer((incoming, outgoing) => void read(incoming, outgoing));
    onTestFinished(() => closeServer(server, 0));
    return { port: await listen(server, '127.0.0.1', 0), codes, bodies };
  }
  const post = (headers: string, body: string): string => `POST / HTTP/1.1\r\nHost: x\r\n${headers}\r\n${body}`;
  const closed = (port: number, request: string): Promise<RawAnswer> =>
    sendRaw(port, request, (text) => text.includes('0\r\n\r\n') || /\r\n\r\n\w/.test(text));

  it('reads what was declared, what came in chunks, and nothing', async () => {
    const { port, bodies } = await startReader(10);
    await closed(port, post('Content-Length: 10\r\n', '0123456789'));
    await closed(port, post('Transfer-Encoding: chunked\r\n', '5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n'));
    await closed(port, post('Content-Length: 0\r\n', ''));
    await closed(port, post('', ''));
    expect(bodies.map(String)).toEqual(['0123456789', '0123456789', '', '']);
  });

  it.each([
    ['declared', 'Content-Length: 11\r\n', ''],
    ['in chunks', 'Transfer-Encoding: chunked\r\n', 'b\r\n01234567890\r\n'],
    ['in small chunks', 'Transfer-Encoding: chunked\r\n', '6\r\n012345\r\n6\r\n678901\r\n'],
  ])(
    'hardening section 1: a body too large, %s, is refused before its end, and the connection closes',
    async (_n, headers, body) => {
      const { port, codes, bodies } = await startReader(10);
      const { headers: answered } = await closed(port, post(headers, body));
      expect(codes).toEqual(['body-too-large']);
      expect(bodies).toEqual([]);
      expect(answered.get('connection')).toBe('close');
    },
  );

  it.each(['gzip', 'GZIP', 'br', 'identity, gzip'])(
    'hardening section 1: Content-Encoding %s is refused',
    async (encoding) => {
      const { port, codes } = await startReader(10);
      await closed(port, post(`Content-Encoding: ${encoding}\r\nContent-Length: 1\r\n`, 'x'));
      expect(codes).toEqual(['unsupported-media-type']);
    },
  );

  it('hardening section 1: a client that leaves in the middle is malformed-body', async () => {
    const { port, codes } = await startReader(10);
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(post('Content-Length: 10\r\n', '012'), () => socket.resetAndDestroy()),
    );
    socket.on('error', () => {});
    await expect.poll(() => codes).toEqual(['malformed-body']);
  });
});

describe('decodeText and parseJson', () => {
  const codeOf = (run: () => unknown): unknown => {
    try {
      return run();
    } catch (error) {
      expect(error).toBeInstanceOf(TidingsError);
      return (error as TidingsError).code;
    }
  };

  it('text that is UTF-8 comes back to the byte, a byte order mark included', () => {
    fc.assert(
      fc.property(anyText(), (text) => {
        expect(decodeText(Buffer.from(text))).toBe(text);
      }),
    );
    expect(decodeText(Buffer.from('\ufeffx'))).toBe('\ufeffx');
  });

  it('hardening section 1: bytes that are not UTF-8 are malformed-body', () => {
    for (const bytes of [[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80]]) {
      expect(codeOf(() => decodeText(Buffer.from(bytes)))).toBe('malformed-body');
    }
  });

  it('reads any JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(parseJson(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('section 5: tells the position where the parser knows it, and quotes nothing of the text', () => {
    try {
      parseJson('{"card":"4111111111111111" x}');
      expect.unreachable();
    } catch (error) {
      expect((error as TidingsError).details).toEqual({ position: 27 });
      expect((error as TidingsError).message).not.toContain('4111');
    }
    expect(codeOf(() => parseJson(''))).toBe('malformed-body');
  });
});
