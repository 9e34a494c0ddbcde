import { FRAME, PREFACE, toBlock, toFrame, toSettings } from '@tidings/runtime/testing';
import type { Chance } from '../chaos/chance.ts';
import { type HttpRequest, toHttp2 } from './http-request.ts';

const FRAME_HEAD_BYTES = 9;

/**
 * A connection of HTTP/2: its preface, some requests, frames between them that a client may send, may not send, or that
 * nobody ever defined, and then bytes changed here and there.
 */
export function toOddFrames(requests: readonly HttpRequest[], chance: Chance): Buffer[] {
  const frames = requests.flatMap((request, place) => toHttp2(2 * place + 1, request));
  const odd = Array.from({ length: Math.floor(chance.between(0, 6)) }, () => oddFrame(chance));
  let all = [toSettings(...oddSettings(chance)), ...frames];
  for (const frame of odd) all.splice(Math.floor(chance.between(0, all.length + 1)), 0, frame);
  if (chance.happens(0.1)) all = chance.shuffle(all);
  if (chance.happens(0.1)) all = all.concat(Array.from({ length: 700 }, () => chance.pick(all)));
  if (chance.happens(0.6)) {
    const at = Math.floor(chance.between(0, all.length));
    all[at] = mutateFrame(all[at] ?? Buffer.alloc(0), chance);
  }
  return [chance.happens(0.97) ? PREFACE : PREFACE.subarray(0, Math.floor(chance.between(1, 24))), ...all];
}

function oddSettings(chance: Chance): [number, number][] {
  const ids = [1, 2, 3, 4, 5, 6, 8, 0, 0xffff];
  const values = [0, 1, 100, 16_384, 65_535, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
  return chance.happens(0.6)
    ? []
    : Array.from({ length: Math.floor(chance.between(1, 8)) }, () => [chance.pick(ids), chance.pick(values)]);
}

function oddFrame(chance: Chance): Buffer {
  const stream = chance.pick([0, 1, 1, 3, 2, 99, 2 ** 31 - 1]);
  const bytes = (length: number): Buffer =>
    Buffer.from(Array.from({ length }, () => Math.floor(chance.between(0, 256))));
  const ways: readonly (() => Buffer)[] = [
    () => toFrame(FRAME.PING, chance.pick([0, 1]), chance.pick([0, 0, 1]), bytes(chance.pick([8, 8, 7, 0]))),
    () => toSettings(...oddSettings(chance)),
    () => toFrame(FRAME.SETTINGS, 1, 0, bytes(chance.pick([0, 0, 6]))),
    () => toFrame(FRAME.RST_STREAM, 0, stream, bytes(chance.pick([4, 4, 3]))),
    () =>
      toFrame(
        FRAME.WINDOW_UPDATE,
        0,
        stream,
        chance.pick([bytes(4), Buffer.alloc(4), Buffer.from([127, 255, 255, 255])]),
      ),
    () => toFrame(FRAME.GOAWAY, 0, 0, bytes(chance.pick([8, 8, 20, 3]))),
    () => toFrame(FRAME.DATA, chance.pick([0, 1, 8]), stream, bytes(Math.floor(chance.between(0, 60)))),
    () => toFrame(FRAME.CONTINUATION, chance.pick([0, 4]), stream, bytes(Math.floor(chance.between(0, 60)))),
    () => toFrame(FRAME.HEADERS, Math.floor(chance.between(0, 64)), stream, bytes(Math.floor(chance.between(0, 60)))),
    () =>
      toFrame(
        FRAME.HEADERS,
        5,
        stream,
        toBlock([[chance.pick([':status', ':path', 'X-Upper', 'te', 'connection', '', ':odd']), 'x']]),
      ),
    () => toFrame(2, 0, stream, bytes(5)),
    () => toFrame(5, 4, stream, bytes(8)),
    () => toFrame(Math.floor(chance.between(10, 256)), Math.floor(chance.between(0, 256)), stream, bytes(16)),
  ];
  return chance.pick(ways)();
}

function mutateFrame(frame: Buffer, chance: Chance): Buffer {
  const bytes = Buffer.from(frame);
  if (bytes.length === 0) return bytes;
  const at = Math.floor(
    chance.between(0, chance.happens(0.5) ? Math.min(FRAME_HEAD_BYTES, bytes.length) : bytes.length),
  );
  if (chance.happens(0.2)) return bytes.subarray(0, at);
  bytes[at] = chance.happens(0.5)
    ? (bytes[at] ?? 0) ^ (1 << Math.floor(chance.between(0, 8)))
    : Math.floor(chance.between(0, 256));
  return bytes;
}
