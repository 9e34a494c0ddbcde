import { type DestinationStream, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import { createLogBuffer } from './log-buffer.ts';

export type { Logger } from 'pino';

/**
 * The log of a service: JSON lines on standard output, pretty on a terminal. Lines hold no payload and no token:
 * URLs go through `redactUrl`, and an error's own text is written only at level `error` and above.
 */
export function createLogger(service: string, level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    // A second net under the rule that nobody logs a header or a query.
    redact: ['*.authorization', '*.cookie', '*.access_token', '*.token', '*.secret'],
  };
  if (destination !== undefined) return pino(options, destination);
  // Who looks on must see each line when it happens.
  if (process.stdout.isTTY) return pino(options, pretty({ ignore: 'pid,hostname', sync: true }));
  const stdout = pino.destination({ dest: 1, sync: true });
  return pino(options, createLogBuffer({ write: (lines) => void stdout.write(lines) }));
}

/**
 * A path with its query as it may stand in a log: what `access_token` holds is gone, however the name is written, and
 * what a mistyped name such as `amp;access_token` holds too. So is what looks like a token or a ticket, wherever it stands:
 * with one letter of the name wrong it would be anybody's who reads the log.
 */
export function redactUrl(url: string): string {
  // Nearly every URL: nothing in it needs decoding, and neither the name nor a token stands in it.
  if (!MAY_HOLD_TOKEN.test(url)) return url;
  const start = url.indexOf('?');
  if (start === -1) return url.replaceAll(TOKEN, 'REDACTED');
  const parameters = url.slice(start + 1).split('&');
  return `${url.slice(0, start)}?${parameters.map(redactParameter).join('&')}`.replaceAll(TOKEN, 'REDACTED');
}

const MAY_HOLD_TOKEN = /[%+]|access_token|eyJ|tdt_/i;
// A JWT begins with the Base64 of `{"`; its dots may be encoded.
const TOKEN = /eyJ[\w-]+(?:\.|%2e)[\w-]*(?:\.|%2e)[\w-]*|tdt_[\w-]{16,}/gi;

function redactParameter(parameter: string): string {
  const name = parameter.split('=', 1)[0] as string;
  // A name that can't be decoded might be a mistyped access_token: its value is not worth the risk.
  const decoded = decodeName(name);
  return decoded === undefined || decoded.toLowerCase().includes('access_token') ? `${name}=REDACTED` : parameter;
}

function decodeName(name: string): string | undefined {
  try {
    return decodeURIComponent(name.replaceAll('+', ' ')).trim();
  } catch {
    return undefined;
  }
}
