/** What an event of a bench says of itself. */
export interface BenchEvent {
  /** The bench that it belongs to: a topic may have other events too. */
  readonly run: string;
  readonly number: number;
  /** When it was sent, on the monotonic clock of this process. */
  readonly sentMs: number;
}

/** As a payload of so many bytes, filled up with what does not compress to nothing. */
export function encodePayload({ run, number, sentMs }: BenchEvent, filling: string, bytes: number): string {
  const text = `${run} ${number} ${sentMs.toFixed(3)} `;
  return text + filling.slice(0, Math.max(0, bytes - text.length));
}

/** Reads it back; `undefined` for anything else. */
export function parsePayload(run: string, data: string): Omit<BenchEvent, 'run'> | undefined {
  if (!data.startsWith(run)) return undefined;
  const [, number, sentMs] = data.split(' ', 3).map(Number);
  return number === undefined || sentMs === undefined ? undefined : { number, sentMs };
}
