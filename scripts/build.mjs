// `npm run build`: compiles what changed, and bundles the pages.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { bundlePages } from './bundle-pages.mjs';

const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
const { status } = spawnSync(process.execPath, [tsc, '-b'], { stdio: 'inherit' });
if (status === 0) await bundlePages();
else process.exitCode = status ?? 1;
