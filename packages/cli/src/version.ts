import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

/** The version of the command line, read from its own package: whoever asks for it need not load the services. */
export const VERSION: string = manifest.version;
