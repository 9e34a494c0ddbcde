/** The version that is installed where none is found. */
export const NATS_VERSION = '2.15.1';
/** Batches of Direct Get and TTLs of messages need 2.11; 2.12 is what the adapter asks for when it connects. */
export const OLDEST_NATS_VERSION = '2.12';
const VERSION_TIMEOUT_MS = 10_000;

/** Runs a program to its end and gives back what it wrote on standard output. @throws Error as `execFile` does. */
type Run = (
  command: string,
  args: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly timeoutMs: number },
) => Promise<string>;

/** What the search for a server looks at; a test hands in its own. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly run: Run;
  /** Told what is passed over, and what is being installed. */
  readonly tell: (text: string) => void;
}

/** Why a binary will not do as the server of a test; nothing when it will. */
export async function faultOf(binary: string, { env, run }: Surroundings): Promise<string | undefined> {
  const output = await run(binary, ['-v'], { env, timeoutMs: VERSION_TIMEOUT_MS }).catch((error: Error) => error);
  if (output instanceof Error) return `it does not run (${output.message.trim()})`;
  const [version, major, minor] = /v(\d+)\.(\d+)\.\S+/.exec(output) ?? [];
  if (version === undefined) return `it does not tell its version (${JSON.stringify(output.trim().slice(0, 80))})`;
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NATS_VERSION.split('.').map(Number);
  const isOld = Number(major) < oldestMajor || (Number(major) === oldestMajor && Number(minor) < oldestMinor);
  return isOld ? `it is ${version}, and ${OLDEST_NATS_VERSION} is the oldest that will do` : undefined;
}
