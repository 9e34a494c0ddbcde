/** What an input is made of: its share of the mix and what is expected of its answer go by it. */
export const KINDS = ['bytes', 'framing', 'semantic', 'token', 'hook', 'cursor', 'frames', 'pace'] as const;
export type Kind = (typeof KINDS)[number];

/** Some bytes, and how long the sender waits after them. */
export interface Step {
  readonly bytes: Buffer;
  readonly pauseMs: number;
}

/** One connection: what is sent on it, and how it is left. */
export interface Input {
  readonly kind: Kind;
  /** What was done to it, for people. */
  readonly what: string;
  readonly protocol: 'h1' | 'h2';
  readonly service: 'edge' | 'ingest';
  readonly steps: readonly Step[];
  /** `answer`: closed once the answer is there, or nothing more comes. */
  readonly ending: 'answer' | 'half-close' | 'reset';
  /** The request carries a token, or the signature of a webhook, that nobody may take: it gets 401. */
  readonly refused: boolean;
}

/** All bytes of it, as latin1. */
export const textOf = ({ steps }: Input): string => steps.map(({ bytes }) => bytes.toString('latin1')).join('');

/** An input as one line of JSON, bytes as latin1 with JSON's escapes: readable, and exact. */
export function encodeInput(input: Input): string {
  const steps = input.steps.map(({ bytes, pauseMs }) => ({ text: bytes.toString('latin1'), pauseMs }));
  return JSON.stringify({ ...input, steps });
}

/** Reads what `encodeInput` wrote. @throws SyntaxError for what is no JSON. */
export function parseInput(line: string): Input {
  const { steps, ...rest } = JSON.parse(line) as Omit<Input, 'steps'> & { steps: { text: string; pauseMs: number }[] };
  return { ...rest, steps: steps.map(({ text, pauseMs }) => ({ bytes: Buffer.from(text, 'latin1'), pauseMs })) };
}
