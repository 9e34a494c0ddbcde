/** A standard stream that is written to. */
export interface Output {
  write(text: string): unknown;
  /** Whether a person sees it. */
  readonly isTTY?: boolean;
  /** Characters of a line of the terminal. */
  readonly columns?: number;
}

/** A standard stream that is read. */
export interface Input extends AsyncIterable<Uint8Array> {
  readonly isTTY?: boolean;
  /** Of what stands behind it, when that is a file. */
  readonly fd?: number;
}

/** What a command has of its process, so that tests can put something else in its place. */
export interface Io {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds since 1970. */
  now(): number;
}

/** Writes a line of a command's result. */
export function print({ stdout }: Io, line: string): void {
  stdout.write(`${line}\n`);
}

/** Writes a line for the person, that is no part of the result. */
export function note({ stderr }: Io, line: string): void {
  stderr.write(`tidings: ${line}\n`);
}

/** All of standard input. */
export async function readInput({ stdin }: Io): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const bytes of stdin) pieces.push(bytes);
  return Buffer.concat(pieces);
}
