/** Which subjects stand at which places of one log; subjects without the stream's prefix, as `toIndexed` cuts it. */
export interface IndexNotice {
  readonly epoch: string;
  readonly places: ReadonlyMap<string, readonly number[]>;
}

/**
 * Writes a notice as JSON text: `{"epoch":"…","from":<least place>,"at":{"<subject>":[<place - from>,…]}}`. A subject that
 * comes again costs a few digits, which is what streamed tokens and tickers do.
 */
export function encodeIndexNotice({ epoch, places }: IndexNotice): string {
  let from = Number.POSITIVE_INFINITY;
  for (const seqs of places.values()) for (const seq of seqs) from = Math.min(from, seq);
  const at: Record<string, number[]> = {};
  for (const [subject, seqs] of places) at[subject] = seqs.map((seq) => seq - from);
  return JSON.stringify({ epoch, from, at });
}

/** Reads a notice; `undefined` for anything that is none: whoever may speak on the subject may be of another version. */
export function parseIndexNotice(text: string): IndexNotice | undefined {
  let notice: { epoch?: unknown; from?: unknown; at?: unknown };
  try {
    notice = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { epoch, from, at } = notice ?? {};
  if (typeof epoch !== 'string' || !isSequence(from) || typeof at !== 'object' || at === null) return undefined;
  const places = new Map<string, number[]>();
  for (const [subject, offsets] of Object.entries(at)) {
    if (!Array.isArray(offsets)) return undefined;
    const seqs = offsets.map((offset) => (typeof offset === 'number' ? from + offset : Number.NaN));
    if (!seqs.every(isSequence)) return undefined;
    places.set(subject, seqs);
  }
  return { epoch, places };
}

const isSequence = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;
