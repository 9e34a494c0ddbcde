/** Which subjects stand at which places of one log; subjects without the stream's prefix, as `toIndexed` cuts it. */
export interface IndexNotice {
  readonly epoch: string;
  readonly places: ReadonlyMap<string, readonly number[]>;
}

/**
 * Writes a notice as JSON text: `{"epoch":"…","from":<least place>,"at":["<subject>",<place - from>,…]}`, with a list of
 * places for a subject that stands at several. A subject that comes again costs a few digits, which is what streamed tokens
 * and tickers do. One flat list, for an object of so many names takes ten times as long to read.
 */
export function encodeIndexNotice({ epoch, places }: IndexNotice): string {
  let from = Number.POSITIVE_INFINITY;
  for (const seqs of places.values()) for (const seq of seqs) from = Math.min(from, seq);
  const at: (string | number | number[])[] = [];
  for (const [subject, seqs] of places) {
    const [first = from] = seqs;
    at.push(subject, seqs.length === 1 ? first - from : seqs.map((seq) => seq - from));
  }
  return JSON.stringify({ epoch, from, at });
}

/** A notice as it was read: `subjects[n]` stands at `places[n]`. */
export interface ReadNotice {
  readonly epoch: string;
  readonly subjects: readonly string[];
  readonly places: readonly number[];
}

/** Reads a notice; `undefined` for anything that is none: whoever may speak on the subject may be of another version. */
export function parseIndexNotice(text: string): ReadNotice | undefined {
  let notice: { epoch?: unknown; from?: unknown; at?: unknown };
  try {
    notice = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { epoch, from, at } = notice ?? {};
  if (typeof epoch !== 'string' || !isSequence(from) || !Array.isArray(at) || at.length % 2 !== 0) return undefined;
  const subjects: string[] = [];
  const places: number[] = [];
  for (let index = 0; index < at.length; index += 2) {
    const subject: unknown = at[index];
    const offsets: unknown = at[index + 1];
    if (typeof subject !== 'string') return undefined;
    for (const offset of Array.isArray(offsets) ? offsets : [offsets]) {
      const place: unknown = typeof offset === 'number' ? from + offset : undefined;
      if (!isSequence(place)) return undefined;
      subjects.push(subject);
      places.push(place);
    }
  }
  return { epoch, subjects, places };
}

const isSequence = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;
