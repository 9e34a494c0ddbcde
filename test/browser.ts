import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { TRANSPORT } from '@tidings/runtime/testing';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

function findOnPath(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

// On a machine of Debian's kind where we may install, as on CI; anywhere else the message says what to do.
function installWithApt(): void {
  if (process.getuid?.() !== 0) return;
  const options = { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const;
  spawnSync('apt-get', ['update', '-qq'], options);
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], options);
}

/**
 * Path of a Chromium: `CHROMIUM_PATH`, else one on PATH, else the one that apt installs.
 * @throws Error with the remedy when there is none: a test in a browser is never skipped.
 */
function findBrowser(): string {
  const named = process.env.CHROMIUM_PATH;
  if (named) {
    if (isExecutable(named)) return named;
    throw new Error(`CHROMIUM_PATH is ${named}, which can't be run.`);
  }
  const present = findOnPath();
  if (present !== undefined) return present;
  installWithApt();
  const installed = findOnPath();
  if (installed !== undefined) return installed;
  throw new Error('No Chromium. Install it (Debian: apt-get install chromium) or set CHROMIUM_PATH to one.');
}

/** Starts a headless browser that talks to nobody but the pages it is given. */
export function launchBrowser(): Promise<Browser> {
  const isRoot = process.getuid?.() === 0;
  return chromium.launch({
    executablePath: findBrowser(),
    args: [
      // Chromium refuses its sandbox to root.
      ...(isRoot ? ['--no-sandbox'] : []),
      // The certificate of the tests is nobody's.
      ...(TRANSPORT === 'tls' ? ['--ignore-certificate-errors'] : []),
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
