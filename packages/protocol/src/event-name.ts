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

/** Whether a publisher may have given an event this name. */
export function isEventName(name: string): boolean {
  return nameFault(name) === undefined;
}

function nameFault(name: string): string | undefined {
  if (name === '') return 'is empty: leave it out for an unnamed event';
  // A code point is one or two units, so the cheap tests on units spare short names, and a hostile one of 10 MB, the count.
  const units = name.length;
  const most = MAX_EVENT_NAME_CHARACTERS;
  if (units > most && (units > 2 * most || [...name].length > most)) {
    return `is longer than ${MAX_EVENT_NAME_CHARACTERS} characters`;
  }
  if (ILLEGAL.test(name)) return 'has a control character or a lone surrogate';
  if (name.startsWith(' ')) return 'starts with a space';
  if (name.startsWith('hub.')) return "starts with hub., which is the hub's own";
  return undefined;
}
