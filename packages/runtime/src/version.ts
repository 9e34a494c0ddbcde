import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

/** The version that documents and logs show; all workspaces have the same. */
export const VERSION: string = manifest.version;
