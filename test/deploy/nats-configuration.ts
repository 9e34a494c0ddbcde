import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findNatsServer } from '@tidings/broker/testing';
import { TEST_CERTIFICATE } from '@tidings/runtime/testing';
import type { Manifest } from './manifests.ts';
import { environmentOf, workloadsOf } from './workload.ts';

const execute = promisify(execFile);
const PASSWORD = 'p0123456789';

/**
 * Has a real nats-server read the configuration that its pods would have, in their environment.
 * @param files What the ConfigMap holds.
 * @returns What the server says of it.
 * @throws Error with the server's own words when it can not use it.
 */
export async function tryNatsConfiguration(
  manifests: readonly Manifest[],
  files: Readonly<Record<string, string>>,
): Promise<string> {
  const container = workloadsOf(manifests).find(({ kind }) => kind === 'StatefulSet')?.pod.containers[0];
  if (container === undefined) throw new Error('There is no server.');
  const env: NodeJS.ProcessEnv = { NATS_SERVER_NAME: 'tidings-nats-0' };
  for (const [name, value] of Object.entries(environmentOf(container, manifests))) {
    const isSecret = value.startsWith('from tidings-nats-passwords');
    // What is empty comes from the pod itself.
    if (value !== '') env[name] = isSecret ? PASSWORD : value.replaceAll('$(NATS_ROUTE_PASSWORD)', PASSWORD);
  }
  const folder = await mkdtemp(join(tmpdir(), 'tidings-nats-conf-'));
  try {
    // It looks at these too before it says that a configuration is valid.
    const { cert, key } = TEST_CERTIFICATE;
    const certificates = { 'tls.crt': cert, 'ca.crt': cert, 'tls.key': key };
    for (const [name, bytes] of Object.entries(certificates)) await writeFile(join(folder, name), bytes);
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(folder, name), text.replaceAll('/etc/nats-tls', folder));
    }
    const { stderr } = await execute(await findNatsServer(), ['-t', '-c', join(folder, 'nats.conf')], { env });
    return stderr;
  } finally {
    await rm(folder, { recursive: true });
  }
}
