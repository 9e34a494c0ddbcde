import { isTls } from '../generator/target.ts';
import { certificateFiles } from './certificate.ts';
import { startMeasured } from './measured-process.ts';
import type { Subject, SubjectOptions } from './subject.ts';

const SCRIPT = 'loadtest/dist/floor/main.js';

/**
 * Starts the floor that a figure is compared with.
 * @param discard it only reads what is published, and answers.
 */
export async function startFloor({ transport, flags }: SubjectOptions, discard = false): Promise<Subject> {
  const certificate = isTls(transport) ? certificateFiles() : undefined;
  const files = certificate === undefined ? [] : ['--cert', certificate.certFile, '--key', certificate.keyFile];
  const args = ['--transport', transport, ...files, ...(discard ? ['--discard'] : [])];
  const process = await startMeasured({ name: 'floor', script: SCRIPT, args, env: {}, ...(flags && { flags }) });
  return {
    name: 'raw Node',
    streams: { port: Number(process.url.port), transport, token: 'none' },
    publishing: { port: Number(new URL(process.adminUrl as string).port), transport: 'h1', token: 'none' },
    opening: 'hub.live',
    process,
    others: [],
    stop: () => process.stop(),
  };
}
