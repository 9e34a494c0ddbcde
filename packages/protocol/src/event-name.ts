import { TidingsError } from './error.ts';
import { MAX_EVENT_NAME_CHARACTERS } from './limit.ts';

// Without the u flag a pair of surrogates would count as two lone ones.
const ILLEGAL = /[\p{Cc}\p{Cs}]/u;

/**
 * Returns `name` if an event may carry it: 1-128 characters, no control characters or lone surrogates, no leading space
 * (the SSE parser would eat it), not one of the hub's own (`hub.…`).
 * @throws TidingsError `invalid-event-name` with the reason.
 */
export function parseEventName(name: string, where: { pointer?: string; parameter?: string } = {}): string {
  const fault = nameFault(name);
  if (fault !== undefined) throw new TidingsError('invalid-event-name', `The event name ${fault}.`, where);
  return name;
}

function nameFault(name: string): string | undefined {
  if (name === '') return 'is empty: leave it out for an unnamed event';
  // A code point is one or two units, so the cheap test on units spares a hostile 10 MB name the count.
  if (name.length > 2 * MAX_EVENT_NAME_CHARACTERS || [...name].length > MAX_EVENT_NAME_CHARACTERS) {
    return `is longer than ${MAX_EVENT_NAME_CHARACTERS} characters`;
  }
  if (ILLEGAL.test(name)) return 'has a control character or a lone surrogate';
  if (name.startsWith(' ')) return 'starts with a space';
  if (name.startsWith('hub.')) return "starts with hub., which is the hub's own";
  return undefined;
}
