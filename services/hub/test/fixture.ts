import { mintToken } from '@tidings/auth';
import { createLogger, loadSettings, systemClock } from '@tidings/runtime';
import { CERTIFICATE, readLogLine, toTlsVariables, writeCertificate } from '@tidings/runtime/testing';
import { onTestFinished } from 'vitest';
import { type Hub, startHub } from '../src/hub.ts';

export const SECRET = 'a secret of this test that is 32 bytes or longer';

/** A hub on free ports, its log lines, and tokens made with its secret; closed when the test has ended. */
export interface TestHub extends Hub {
  readonly port: number;
  readonly lines: Record<string, unknown>[];
  token(tidings: object, claims?: object, lifetimeSec?: number): Promise<string>;
}

export async function startTestHub(env: NodeJS.ProcessEnv = {}): Promise<TestHub> {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger('hub', 'debug', { write: (line) => void lines.push(readLogLine(line)) });
  const certificate = CERTIFICATE && writeCertificate(CERTIFICATE);
  onTestFinished(() => certificate?.remove());
  const tls = certificate && toTlsVariables(certificate);
  const settings = loadSettings({ PORT: '0', TIDINGS_ADMIN_PORT: '0', TIDINGS_JWT_SECRET: SECRET, ...tls, ...env });
  const hub = await startHub(settings, log);
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= hub.stop();
    return stopped;
  };
  onTestFinished(stop);
  return {
    ...hub,
    stop,
    port: Number(new URL(hub.url).port),
    lines,
    token: (tidings, claims = {}, lifetimeSec = 3_600) =>
      mintToken(SECRET, { sub: 'alice', tidings, ...claims }, lifetimeSec, systemClock),
  };
}
