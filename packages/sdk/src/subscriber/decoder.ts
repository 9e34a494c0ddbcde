/** One block of a stream, as it came. */
export interface DecodedBlock {
  readonly event?: string;
  readonly id?: string;
  /** None: the block is not an event. */
  readonly data?: string;
  /** Milliseconds to wait before the next try. */
  readonly retry?: string;
}

/**
 * Reads the blocks of a hub's stream, whose lines end in LF (contract section 4): the rules of WHATWG HTML section 9.2.6 for
 * such a stream, but that blocks without data are told too, since an id alone moves the cursor (docs/decisions/0021).
 * @returns takes the stream in pieces of any size, and answers how many characters of an unfinished block it holds.
 */
export function createDecoder(take: (block: DecodedBlock) => void): (text: string) => number {
  let rest = '';
  return (text) => {
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop() as string;
    for (const block of blocks) {
      const fields: Record<string, string> = {};
      for (const line of block.split('\n')) {
        const [, name = '', value = ''] = /^(\w*): ?(.*)/s.exec(line) ?? [];
        fields[name] = name === 'data' && name in fields ? `${fields.data}\n${value}` : value;
      }
      take(fields);
    }
    return rest.length;
  };
}
