import { encodeCursor } from '@tidings/protocol';
import type { Chance } from '../chaos/chance.ts';
import { oddText } from './odd-value.ts';

const PLACES = [0, 1, 2, 1e6, 2 ** 31, 2 ** 53 - 1, 2 ** 53, 2 ** 60, -1, 0.5];

/** A cursor that was cut, mistyped, forged with a right checksum, or never was one. @param good one of the log itself. */
export function toOddCursor(good: string, chance: Chance): string {
  const [epoch = ''] = good.split('.');
  const at = Math.floor(chance.between(0, good.length));
  const ways: readonly (() => string)[] = [
    () => good,
    () => good.slice(0, at),
    () => good.slice(0, at) + chance.pick([...'0az.~%Z-']) + good.slice(at + 1),
    () => encodeCursor(epoch, chance.pick(PLACES)),
    () => encodeCursor(chance.pick(['', '0', 'other', epoch.toUpperCase(), 'x'.repeat(33)]), chance.pick(PLACES)),
    () => `${good}${good}`,
    () => good.toUpperCase(),
    () => 'x'.repeat(10_000),
    () => oddText(chance),
  ];
  return chance.pick(ways)();
}
