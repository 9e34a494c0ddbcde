import type { TidingsEvent } from '@tidings/sdk/subscriber';
import { toJsonText } from '../json-text.ts';
import { type Paint, toSafeLine, toSafeText } from '../terminal-text.ts';

/** The envelope on one line, members in the order of contract section 5; what an event has not is left out. */
export function toJsonLine({ id, topic, event, time, data }: TidingsEvent): string {
  return toJsonText({ id, topic, event, time, data });
}

/**
 * An event to be read by a person: time, topic, name (`-` without one) and data. Further lines of a text are indented.
 * Nothing in it can control a terminal.
 */
export function toPrettyLine({ topic, event, time, data }: TidingsEvent, paint: Paint): string {
  const text = typeof data === 'string' ? data : toJsonText(data);
  const head = [paint('dim', toSafeLine(time)), paint('cyan', toSafeLine(topic)), nameOf(event, paint)];
  return [...head, toSafeText(text).replaceAll('\n', '\n    ')].join('  ');
}

const nameOf = (event: string | undefined, paint: Paint): string =>
  event === undefined ? '-' : paint('bold', toSafeLine(event));
