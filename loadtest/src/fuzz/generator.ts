import type { Field } from '@tidings/runtime/testing';
import { PREFACE, toSettings } from '@tidings/runtime/testing';
import { type Chance, createChance } from '../chaos/chance.ts';
import { mutateBytes } from './byte-mutation.ts';
import { toOddCursor } from './cursor-mutation.ts';
import { toOddFrames } from './frame-mutation.ts';
import { toOddFraming } from './framing-mutation.ts';
import { toHookDelivery } from './hook-delivery.ts';
import { type HttpRequest, toHttp1, toHttp2 } from './http-request.ts';
import { type Input, KINDS, type Kind, type Step } from './input.ts';
import type { Operation } from './operation.ts';
import type { TokenMutator } from './token-mutation.ts';

/** What inputs are made from. */
export interface Supplies {
  readonly operations: readonly Operation[];
  /** Of a user who may do anything in a tenant of its own. */
  readonly token: string;
  /** The same, for URLs: a byte that changes beside it may let it into a log. */
  readonly queryToken: string;
  readonly tokens: TokenMutator;
  /** One that the log would take. */
  readonly cursor: string;
}

/** How often each kind comes, of 100. */
const SHARES: Readonly<Record<Kind, number>> = {
  bytes: 23,
  framing: 10,
  semantic: 28,
  token: 13,
  hook: 4,
  cursor: 6,
  frames: 10,
  pace: 6,
};
const DECK = KINDS.flatMap((kind) => Array.from({ length: SHARES[kind] }, () => kind));

const ODDNESS = [0, 0.05, 0.2, 0.5];
const SLOW_PAUSE_MS = 4;

// A token is looked at before anything else that these could be told for.
const GUARDED: readonly (readonly [service: Input['service'], request: HttpRequest])[] = [
  ['edge', { method: 'GET', target: '/v1/position', fields: [] }],
  ['edge', { method: 'GET', target: '/v1/topics/fuzz.a/events', fields: [] }],
  ['edge', { method: 'GET', target: '/v1/stream?topic=fuzz.a&client=fuzz/1.0', fields: [] }],
  [
    'edge',
    {
      method: 'POST',
      target: '/v1/stream',
      fields: [['Content-Type', 'application/json']],
      body: Buffer.from('{"topic":["fuzz.a"]}'),
    },
  ],
  [
    'ingest',
    {
      method: 'POST',
      target: '/v1/events',
      fields: [['Content-Type', 'application/json']],
      body: Buffer.from('{"topic":"fuzz.a","data":1}'),
    },
  ],
  [
    'ingest',
    {
      method: 'POST',
      target: '/v1/topics/fuzz.a/events',
      fields: [['Content-Type', 'text/plain']],
      body: Buffer.from('x'),
    },
  ],
];

/** Inputs by their place in the run: the same seed and place make the same input again. */
export function createGenerator(seed: number, supplies: Supplies): (place: number) => Input {
  const { operations, token, queryToken, tokens, cursor } = supplies;
  const withBody = operations.filter(({ sample }) => sample(createChance(1), 0).body !== undefined);
  const bearer: Field = ['Authorization', `Bearer ${token}`];

  const plain = (kind: Kind, what: string, service: Input['service'], bytes: Buffer): Input => ({
    kind,
    what,
    protocol: 'h1',
    service,
    steps: [{ bytes, pauseMs: 0 }],
    ending: 'answer',
    refused: false,
  });
  const authorise = (request: HttpRequest): HttpRequest => ({ ...request, fields: [bearer, ...request.fields] });
  const authoriseByUrl = (request: HttpRequest): HttpRequest => {
    const [path, query = ''] = request.target.split('?');
    return { ...request, target: `${path}?access_token=${queryToken}${query && `&${query}`}` };
  };
  const sample = (operation: Operation, chance: Chance, oddness: number): HttpRequest =>
    authorise(operation.sample(chance, oddness));
  const named = ({ method, path }: Operation): string => `${method} ${path}`;

  const makers: Record<Kind, (chance: Chance) => Input> = {
    bytes(chance) {
      const operation = chance.pick(operations);
      const others = [operation, chance.pick(operations)].map((each) => toHttp1(sample(each, chance, 0.1)));
      const made = operation.sample(chance, 0);
      const request = chance.happens(0.2) ? authoriseByUrl(made) : authorise(made);
      const bytes = mutateBytes(toHttp1(request), others, chance);
      return plain('bytes', named(operation), operation.service, bytes);
    },
    framing(chance) {
      const operation = chance.pick(withBody);
      return plain('framing', named(operation), operation.service, toOddFraming(sample(operation, chance, 0), chance));
    },
    semantic(chance) {
      const operation = chance.pick(operations);
      const made = operation.sample(chance, chance.pick(ODDNESS));
      const request = chance.happens(0.1) ? authoriseByUrl(made) : chance.happens(0.05) ? made : authorise(made);
      const accept: Field = [
        'Accept',
        chance.pick(['*/*', 'text/event-stream', 'text/html', '', 'application/json;q=0']),
      ];
      const fields = chance.happens(0.3) ? [...request.fields, accept, oddField(chance)] : request.fields;
      const input = plain('semantic', named(operation), operation.service, toHttp1({ ...request, fields }));
      // What HTTP/2 may not carry is for the frames.
      if (chance.happens(0.8)) return input;
      return {
        ...input,
        protocol: 'h2',
        steps: toSteps([PREFACE, toSettings(), ...toHttp2(1, { ...request, fields })]),
      };
    },
    token(chance) {
      const { token: bad, what, refused } = tokens.mutate(chance);
      const [service, request] = chance.pick(GUARDED);
      const [place, made] = chance.pick(PLACES)(request, bad, token);
      return { ...plain('token', `${what}, in the ${place}`, service, toHttp1(made)), refused };
    },
    cursor(chance) {
      const odd = toOddCursor(cursor, chance);
      const raw = Buffer.from(odd)
        .toString('latin1')
        .replaceAll(/[\0\r\n]/g, '');
      const encoded = encodeURIComponent(Buffer.from(odd).toString());
      const request = chance.pick<HttpRequest>([
        { method: 'GET', target: '/v1/stream?topic=fuzz.a', fields: [bearer, ['Last-Event-ID', raw]] },
        { method: 'GET', target: `/v1/stream?topic=fuzz.a&last_event_id=${encoded}`, fields: [bearer] },
        { method: 'GET', target: `/v1/stream?topic=fuzz.a&until=final&last_event_id=${encoded}`, fields: [bearer] },
        { method: 'GET', target: `/v1/topics/fuzz.%3E/events?after=${encoded}`, fields: [bearer] },
      ]);
      return plain('cursor', JSON.stringify(odd.slice(0, 80)), 'edge', toHttp1(request));
    },
    hook(chance) {
      const { request, what, refused } = toHookDelivery(chance);
      return { ...plain('hook', what, 'ingest', toHttp1(request)), refused };
    },
    frames(chance) {
      const operation = chance.pick(operations);
      const count = Math.floor(chance.between(1, 4));
      const requests = Array.from({ length: count }, () => sample(operation, chance, chance.pick(ODDNESS)));
      const input = plain('frames', named(operation), operation.service, Buffer.alloc(0));
      const ending = chance.happens(0.1) ? 'reset' : 'answer';
      return { ...input, protocol: 'h2', steps: toSteps([Buffer.concat(toOddFrames(requests, chance))]), ending };
    },
    pace: (chance) => chance.pick(PACES)(chance),
  };

  const PACES: readonly ((chance: Chance) => Input)[] = [
    (chance) => {
      const operation = chance.pick(operations);
      const bytes = toHttp1(sample(operation, chance, 0));
      const cut = Math.floor(chance.between(1, bytes.length));
      const tail = Array.from(bytes.subarray(cut, cut + 20), (byte) => Buffer.from([byte]));
      const pieces = [bytes.subarray(0, cut), ...tail, bytes.subarray(cut + tail.length)];
      const steps = pieces.map((piece) => ({ bytes: piece, pauseMs: chance.happens(0.3) ? SLOW_PAUSE_MS : 0 }));
      return { ...plain('pace', `slowly, ${named(operation)}`, operation.service, bytes), steps };
    },
    (chance) => {
      const operation = chance.pick(operations);
      const count = Math.floor(chance.between(2, chance.happens(0.2) ? 120 : 12));
      const requests = Array.from({ length: count }, () => toHttp1(sample(operation, chance, 0.05)));
      return plain('pace', `${count} pipelined, ${named(operation)}`, operation.service, Buffer.concat(requests));
    },
    (chance) => {
      const target = `/v1/stream?topic=fuzz.%3E&replay=${chance.pick(['all', 'none', 'last'])}`;
      const bytes = toHttp1({ method: 'GET', target, fields: [bearer] });
      const pauseMs = Math.floor(chance.between(0, 60));
      const input = plain('pace', `a stream, left after ${pauseMs} ms`, 'edge', bytes);
      return { ...input, steps: [{ bytes, pauseMs }], ending: chance.pick(['reset', 'half-close', 'answer']) };
    },
    (chance) => {
      const operation = chance.pick(operations);
      const bytes = toHttp1(sample(operation, chance, 0));
      const cut = bytes.subarray(0, Math.floor(chance.between(1, bytes.length)));
      const input = plain('pace', `left in the middle, ${named(operation)}`, operation.service, cut);
      return { ...input, ending: chance.pick(['reset', 'half-close']) };
    },
  ];

  return (place) => {
    // Neighbours must not resemble each other: the place is spread over all bits first.
    const chance = createChance(Math.imul(seed ^ Math.imul(place + 1, 0x9e3779b1), 0x85ebca6b));
    return makers[chance.pick(DECK)](chance);
  };
}

const toSteps = (pieces: readonly Buffer[]): Step[] => [{ bytes: Buffer.concat(pieces), pauseMs: 0 }];

function oddField(chance: Chance): Field {
  const fields: readonly Field[] = [
    ['X-Forwarded-For', chance.pick(['1.2.3.4', '::1, 127.0.0.1', 'unknown', `${'9.9.9.9, '.repeat(200)}1.1.1.1`])],
    ['Origin', chance.pick(['null', 'https://evil.example', 'https://app.example', '*', ''])],
    ['Cookie', chance.pick(['__Host-tidings=x', 'tidings=', ';;;', 'a=b; '.repeat(50), '=x'])],
    ['traceparent', chance.pick(['00-0-0-0', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-00`, '\u00ff'])],
    ['Last-Event-ID', chance.pick(['x', '\u00ff\u00fe', '0', ' '])],
    ['Idempotency-Key', chance.pick(['', 'a', 'x'.repeat(1_000), '\u00ff'])],
    ['Range', 'bytes=0-1'],
    ['If-None-Match', '*'],
    ['Access-Control-Request-Method', chance.pick(['POST', 'TRACE', ''])],
    ['TE', 'trailers'],
  ];
  return chance.pick(fields);
}

type Placed = readonly [place: string, request: HttpRequest];

const PLACES: readonly ((request: HttpRequest, bad: string, good: string) => Placed)[] = [
  (request, bad) => ['header', { ...request, fields: [['Authorization', `Bearer ${bad}`], ...request.fields] }],
  (request, bad) => {
    // A semicolon would end the cookie; `Sec-Fetch-Site` makes it the cookie of a page that may use it.
    const fields: Field[] = [
      ['Cookie', `__Host-tidings=${bad.replaceAll(';', ':')}`],
      ['Sec-Fetch-Site', 'same-origin'],
    ];
    return ['cookie', { ...request, fields: [...fields, ...request.fields] }];
  },
  (request, bad) => {
    const sign = request.target.includes('?') ? '&' : '?';
    return ['query', { ...request, target: `${request.target}${sign}access_token=${encodeURIComponent(bad)}` }];
  },
  // The first that is found counts.
  (request, bad, good) => {
    const fields: Field[] = [
      ['Authorization', `Bearer ${bad}`],
      ['Cookie', `__Host-tidings=${good}`],
    ];
    return ['header, before a good cookie', { ...request, fields: [...fields, ...request.fields] }];
  },
];
