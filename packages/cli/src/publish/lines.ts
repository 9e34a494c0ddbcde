import { CommandError, EXIT } from '../command-error.ts';

// Well beyond the largest event (contract section 5): what has no line breaks is no list of events.
const MAX_LINE_CHARACTERS = 8_000_000;

/**
 * Splits a stream into lines, and hands over those that came together: whoever sends one a minute does not wait, whoever
 * sends thousands can have them sent together. Lines end in LF or CRLF; what follows the last one is a line too.
 * @param onBytes is told how much has been read.
 * @throws CommandError for what is not UTF-8, or has no lines.
 */
export async function* readLines(
  input: AsyncIterable<Uint8Array>,
  onBytes: (count: number) => void = () => {},
): AsyncGenerator<readonly string[]> {
  const decode = createDecoder();
  let rest = '';
  for await (const bytes of input) {
    onBytes(bytes.length);
    const lines = (rest + decode(bytes)).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_CHARACTERS) throw new CommandError('A line is too long for an event.', EXIT.data);
    if (lines.length > 0) yield lines.map(withoutReturn);
  }
  rest += decode();
  if (rest !== '') yield [withoutReturn(rest)];
}

/** All of a stream as text. @throws CommandError for what is not UTF-8. */
export async function readAll(input: AsyncIterable<Uint8Array>): Promise<string> {
  const decode = createDecoder({ ignoreBOM: true });
  let text = '';
  for await (const bytes of input) text += decode(bytes);
  return text + decode();
}

const withoutReturn = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line);

// A byte order mark belongs to a file and not to its first line; of a payload it is a part.
function createDecoder(options: { readonly ignoreBOM?: boolean } = {}): (bytes?: Uint8Array) => string {
  const utf8 = new TextDecoder('utf-8', { ...options, fatal: true });
  return (bytes) => {
    try {
      return utf8.decode(bytes, { stream: bytes !== undefined });
    } catch (cause) {
      const advice = 'Events are text: encode binary data, for instance as Base64.';
      throw new CommandError(`Standard input is not UTF-8. ${advice}`, EXIT.data, cause);
    }
  };
}
