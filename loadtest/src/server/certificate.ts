import type { CertificateFiles } from '@tidings/runtime';
import { TEST_CERTIFICATE, writeCertificate } from '@tidings/runtime/testing';

let written: CertificateFiles | undefined;

/** The certificate of the tests as files, written once; they go with this process. */
export function certificateFiles(): CertificateFiles {
  if (written !== undefined) return written;
  const { remove, ...files } = writeCertificate(TEST_CERTIFICATE);
  process.once('exit', remove);
  written = files;
  return files;
}
