import { toVisibleJson } from './visible-json.ts';

/** A publishing request's body, as the console makes it: an event of contract section 5. */
export type EventBody = Readonly<Record<string, unknown>>;

/**
 * Text as one word of a POSIX shell: within single quotes nothing means anything but the quote itself.
 * @param text without NUL, which no argument of a command can hold.
 */
export function toShellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

// Linux takes 128 KiB in one argument; other systems have less for all of them.
const MOST_ARGUMENT_CHARACTERS = 40_000;

/**
 * The command that publishes an event, with the token in `$TOKEN`: whoever gets the text gets no right.
 * @param origin of the hub, without a slash at its end.
 */
export function toPublishCurl(origin: string, event: EventBody): string {
  // JSON has no line break and no NUL: it escapes them.
  const json = toVisibleJson(event);
  const isLong = json.length > MOST_ARGUMENT_CHARACTERS;
  return [
    `curl ${toShellWord(`${origin}/v1/events`)}`,
    `-H "Authorization: Bearer $TOKEN"`,
    `-H 'Content-Type: application/json'`,
    isLong ? `--data-binary @- <<'END'\n${json}\nEND\n` : `--data-raw ${toShellWord(json)}`,
  ].join(' \\\n  ');
}
