import type { Output } from './io.ts';

type Style = 'dim' | 'bold' | 'cyan' | 'yellow' | 'red';

const CODES: Readonly<Record<Style, readonly [number, number]>> = {
  dim: [2, 22],
  bold: [1, 22],
  cyan: [36, 39],
  yellow: [33, 39],
  red: [31, 39],
};

export type Paint = (style: Style, text: string) => string;

/** Colours for a terminal; none for a pipe, a terminal that has none, and whoever sets NO_COLOR (https://no-color.org). */
export function paintFor({ isTTY }: Output, env: NodeJS.ProcessEnv): Paint {
  if (!isTTY || env.NO_COLOR || env.TERM === 'dumb') return (_style, text) => text;
  return (style, text) => `\x1b[${CODES[style][0]}m${text}\x1b[${CODES[style][1]}m`;
}

// Control characters (C0 but tab and line feed, DEL, C1), and those that reverse the direction of what is read.
const UNSAFE = /[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu;

/** Text of others, made safe for a terminal: what would move the cursor or change its colours is shown as `\x1b`. */
export function toSafeText(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** The same on one line. */
export function toSafeLine(text: string): string {
  return toSafeText(text).replaceAll('\n', '\\n').replaceAll('\t', ' ');
}

const MOST_QUOTED = 24;

/** The beginning of a word from the command line, for a message: it may be a token that stands in the wrong place. */
export function toQuoted(word: string): string {
  return `"${toSafeLine(word.length > MOST_QUOTED ? `${word.slice(0, MOST_QUOTED)}…` : word)}"`;
}
