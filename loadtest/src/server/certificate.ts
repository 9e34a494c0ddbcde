import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** PEM files of a certificate for localhost, and of its key. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

let made: Promise<Certificate> | undefined;

/** Makes one on P-256, once; its files go with this process. @throws Error with the remedy where openssl is missing. */
export function makeCertificate(): Promise<Certificate> {
  made ??= make();
  return made;
}

async function make(): Promise<Certificate> {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const certificate = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const files = ['-keyout', certificate.keyFile, '-out', certificate.certFile];
  try {
    await execute('openssl', ['req', ...kind, ...name, ...files]);
  } catch (error) {
    throw new Error(`openssl is needed to make a certificate (apt-get install openssl): ${(error as Error).message}`);
  }
  return certificate;
}
