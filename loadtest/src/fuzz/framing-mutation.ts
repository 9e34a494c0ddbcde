import type { Chance } from '../chaos/chance.ts';
import { type HttpRequest, toHttp1 } from './http-request.ts';

const SIZES = [
  '',
  '0',
  '-1',
  '+2',
  '0x2',
  'zz',
  '2;a=b',
  '2 ;x',
  '2\t',
  'ffffffff',
  'ffffffffffffffffff',
  '02',
  '2\r',
  ' 2',
];
const LENGTHS = [
  '',
  '0',
  '-1',
  '+1',
  '0x1',
  '1, 1',
  '1 1',
  '1.0',
  '1e3',
  '99999999999999999999999',
  '\u00b2',
  '8388609',
];
const CODINGS = [
  'chunked',
  'Chunked',
  'xchunked',
  'chunked, chunked',
  'gzip, chunked',
  'chunked, identity',
  '\x0bchunked',
  'chunked;',
  '',
];

/** The body once more, in chunks, of which some are not what they say; with and without a length beside them. */
export function toOddFraming(request: HttpRequest, chance: Chance): Buffer {
  const body = request.body ?? Buffer.from('fuzz');
  const fields = [...request.fields];
  const isChunked = chance.happens(0.7);
  if (isChunked) fields.push(['Transfer-Encoding', chance.happens(0.6) ? 'chunked' : chance.pick(CODINGS)]);
  if (chance.happens(isChunked ? 0.2 : 0.9))
    fields.push(['Content-Length', chance.happens(0.3) ? `${body.length}` : chance.pick(LENGTHS)]);
  if (chance.happens(0.1)) fields.push(['Content-Encoding', chance.pick(['gzip', 'br', 'identity', 'x'])]);
  if (chance.happens(0.1)) fields.push(['Expect', chance.pick(['100-continue', 'cake'])]);
  if (chance.happens(0.1)) fields.push(['Trailer', 'X-Last']);
  const head = toHttp1({ ...request, fields: chance.shuffle(fields), body: undefined });
  return Buffer.concat([head, isChunked ? toChunks(body, chance) : body]);
}

function toChunks(body: Buffer, chance: Chance): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const chunk = body.subarray(at, at + Math.floor(chance.between(1, 200)));
    const size = chance.happens(0.85) ? chunk.length.toString(16) : chance.pick(SIZES);
    const end = chance.happens(0.95) ? '\r\n' : chance.pick(['\n', '', '\r', 'x\r\n']);
    parts.push(Buffer.from(`${size}${end}`, 'latin1'), chunk, Buffer.from(chance.happens(0.95) ? '\r\n' : '\n'));
    at += chunk.length;
  }
  if (chance.happens(0.9))
    parts.push(
      Buffer.from(
        chance.pick([
          '0\r\n\r\n',
          '0\r\n\r\n',
          '0\n\n',
          '00\r\n\r\n',
          '0\r\nX-Last: 1\r\n\r\n',
          '0\r\nContent-Length: 5\r\n\r\n',
        ]),
      ),
    );
  return Buffer.concat(parts);
}
