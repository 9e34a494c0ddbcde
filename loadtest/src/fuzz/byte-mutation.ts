import type { Chance } from '../chaos/chance.ts';

const CRLF = Buffer.from('\r\n');

const INSERTS: readonly Buffer[] = [
  ...[
    '\r\n',
    '\n',
    '\r',
    '\0',
    ' ',
    '\t',
    ':',
    '\r\n\r\n',
    '\r\n ',
    '%',
    '%00',
    '%zz',
    '\xff',
    '\xc3\x28',
    ';',
    ',',
    '?',
    '#',
  ],
  'X-Injected: 1\r\n',
  '\r\nX-Injected: 1',
  'Transfer-Encoding: chunked\r\n',
  'Content-Length: 0\r\n',
  'Content-Length: 99999999999\r\n',
  'Expect: 100-continue\r\n',
  'Connection: close, x\r\n',
  'Upgrade: h2c\r\n',
  'Host: evil.example\r\n',
  '0\r\n\r\n',
  'ffffffffffffffffff\r\n',
  'GET / HTTP/1.1\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
].map((text) => Buffer.from(text, 'latin1'));

const splice = (bytes: Buffer, at: number, drop: number, insert: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + drop)]);

/** Changes bytes without a thought for what they mean. `others` are requests to take pieces from. */
export function mutateBytes(request: Buffer, others: readonly Buffer[], chance: Chance): Buffer {
  let bytes = request;
  const times = Math.floor(chance.between(1, 5));
  for (let each = 0; each < times; each += 1) bytes = mutateOnce(bytes, others, chance);
  return bytes.subarray(0, 60_000);
}

function mutateOnce(bytes: Buffer, others: readonly Buffer[], chance: Chance): Buffer {
  // Most in the head: a body is text to nearly everybody.
  const headEnd = bytes.indexOf('\r\n\r\n');
  const reach = headEnd !== -1 && chance.happens(0.7) ? headEnd + 4 : bytes.length;
  const at = Math.floor(chance.between(0, reach));
  const length = Math.floor(chance.between(1, 24));
  const ways: readonly (() => Buffer)[] = [
    () => {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << Math.floor(chance.between(0, 8)));
      return flipped;
    },
    () => splice(bytes, at, 1, Buffer.from([Math.floor(chance.between(0, 256))])),
    () => splice(bytes, at, 0, chance.pick(INSERTS)),
    () => splice(bytes, at, length, Buffer.alloc(0)),
    () => splice(bytes, at, 0, bytes.subarray(at, at + length)),
    () => bytes.subarray(0, at),
    () => {
      const other = chance.pick(others);
      const from = Math.floor(chance.between(0, other.length));
      return splice(bytes, at, length, other.subarray(from, from + Math.floor(chance.between(1, 200))));
    },
    () => splice(bytes, at, 0, Buffer.alloc(Math.floor(chance.between(1, 20_000)), bytes[at] ?? 0)),
    () => mutateLines(bytes, chance),
  ];
  return chance.pick(ways)();
}

/** Lines of the head doubled, dropped, moved, renamed, joined. */
function mutateLines(bytes: Buffer, chance: Chance): Buffer {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return Buffer.concat([bytes, CRLF]);
  const lines = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const at = Math.floor(chance.between(0, lines.length));
  const line = lines[at] ?? '';
  const ways: readonly (() => string[])[] = [
    () => lines.toSpliced(at, 0, line),
    () => lines.toSpliced(at, 1),
    () => chance.shuffle(lines),
    () => lines.with(at, line.replace(':', ' :')),
    () => lines.with(at, line.replace(': ', ':\r\n ')),
    () => lines.with(at, line.toUpperCase()),
    () => lines.with(at, `${line}${line}`),
    () =>
      lines.with(
        at,
        line.replace(/\d+/, (digits) =>
          chance.pick([`-${digits}`, `${digits}0000000000`, `0x${digits}`, `+${digits}`]),
        ),
      ),
    () =>
      lines.with(
        at,
        line.replace(/HTTP\/1\.1/, chance.pick(['HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/9.9', 'HTTPS/1.1', ''])),
      ),
    () => [
      ...lines,
      ...Array.from({ length: Math.floor(chance.between(1, 150)) }, (_, place) => `X-${place}: ${line}`),
    ],
  ];
  return Buffer.concat([Buffer.from(chance.pick(ways)().join('\r\n'), 'latin1'), bytes.subarray(end)]);
}
