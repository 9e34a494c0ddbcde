import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Certificate, CertificateFiles } from '../server/certificate.ts';

/** A certificate in a folder of its own. */
export interface WrittenCertificate extends CertificateFiles {
  /** Removes the folder. */
  remove(): void;
}

/** Writes a certificate and its key as a service reads them. Whoever writes them removes them. */
export function writeCertificate({ cert, key }: Certificate): WrittenCertificate {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-certificate-'));
  const [certFile, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key, { mode: 0o600 });
  return { certFile, keyFile, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** The variables by which a service is told of them. */
export const toTlsVariables = ({ certFile, keyFile }: CertificateFiles): Record<string, string> => ({
  TIDINGS_TLS_CERT: certFile,
  TIDINGS_TLS_KEY: keyFile,
});
