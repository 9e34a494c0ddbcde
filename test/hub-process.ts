import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CERTIFICATE, toTlsVariables, writeCertificate } from '@tidings/runtime/testing';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The hub as a newcomer runs it. */
export interface HubProcess {
  readonly url: string;
  readonly subscribeToken: string;
  readonly publishToken: string;
  /** The two commands that it prints. */
  readonly receiveCommand: string;
  readonly publishCommand: string;
  /** Everything it printed. */
  output(): string;
  /** Asks it to stop; resolves when it has, and nothing of it is left. */
  stop(): Promise<void>;
}

/** Runs the README's command, `npm start`, on free ports, and resolves when the hub has printed its tokens. */
export async function startHubProcess(): Promise<HubProcess> {
  const certificate = CERTIFICATE && writeCertificate(CERTIFICATE);
  const tls = certificate && toTlsVariables(certificate);
  const env = {
    ...process.env,
    ...tls,
    PORT: '0',
    TIDINGS_ADMIN_PORT: '0',
    NODE_ENV: '',
    LOG_LEVEL: 'debug',
    NO_COLOR: '1',
  };
  const child = spawn('npm', ['start'], { cwd: ROOT, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  // `close` and not `exit`: npm may end before the hub does, and the hub holds the pipe until it has.
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  void closed.then(() => certificate?.remove());
  const stop = (): Promise<void> => {
    // The whole group: npm does not pass signals on to what it runs in every version.
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
    return closed;
  };
  await ready(child, (text) => {
    output += text;
    // The log and the text of a newcomer come in no certain order.
    return output.includes('end with it.') && output.includes('"url":"');
  }).catch(async (error) => {
    await stop();
    throw new Error(`the hub did not start: ${error.message}\n${output}`);
  });

  const find = (pattern: RegExp): string => pattern.exec(output)?.[1] ?? '';
  return {
    url: find(/"url":"([^"]+)"/),
    subscribeToken: find(/Subscriber token +(\S+)/),
    publishToken: find(/Publisher token +(\S+)/),
    receiveCommand: find(/(curl -N .*)/),
    publishCommand: find(/(curl '.*events'.*)/),
    output: () => output,
    stop,
  };
}

function ready(child: ChildProcess, take: (text: string) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no word within 60 s')), 60_000);
    const onData = (bytes: Buffer): void => {
      if (!take(bytes.toString())) return;
      clearTimeout(timer);
      resolve();
    };
    child.stdout?.on('data', onData);
    child.stderr?.on('data', onData);
    child.once('exit', (code) => reject(new Error(`it exited with ${code}`)));
  });
}
