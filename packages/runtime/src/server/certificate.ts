import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';

/** Paths of PEM files: the certificate with its chain, and its key. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** What a TLS server is given. */
export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}

const LOOK_MS = 10_000;

/**
 * Reads a certificate and its key. @throws Error that says which file can't be read, or that they are no pair.
 */
export async function readCertificate({ certFile, keyFile }: CertificateFiles): Promise<Certificate> {
  // In this order, so that the same fault has the same words each time.
  const cert = await readFile(certFile);
  const key = await readFile(keyFile);
  createSecureContext({ cert, key });
  return { cert, key };
}

/**
 * Looks every ten seconds whether the files were replaced, and hands on what is new once it is a pair: of two files that
 * are written one after the other, the first alone is none. Polling sees what notifications miss, such as the exchanged
 * links of a mounted Kubernetes secret.
 * @returns stops it.
 */
export function watchCertificate(
  files: CertificateFiles,
  current: Certificate,
  onChange: (certificate: Certificate) => void,
  clock: Clock,
  log: Logger,
): () => void {
  let known = current;
  let complained = '';

  async function look(): Promise<void> {
    try {
      const found = await readCertificate(files);
      complained = '';
      if (found.cert.equals(known.cert) && found.key.equals(known.key)) return;
      known = found;
      onChange(found);
      log.info({ certFile: files.certFile }, 'TLS certificate reloaded');
    } catch (error) {
      // Once for each fault: it is looked at again and again.
      const message = (error as Error).message;
      if (message !== complained)
        log.error({ err: error }, 'TLS certificate can not be reloaded: the old one serves on');
      complained = message;
    }
  }
  const timer = clock.every(LOOK_MS, () => void look());
  return () => timer.cancel();
}
