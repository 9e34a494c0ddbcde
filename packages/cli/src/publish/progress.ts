import type { Output } from '../io.ts';

/** How far something is that takes a while. */
export interface Progress {
  readonly events: number;
  readonly bytes: number;
  /** Of what is read; unknown for a pipe. */
  readonly totalBytes: number | undefined;
  readonly elapsedMs: number;
}

/** A line at the bottom of a terminal that is written over again and again. */
export interface ProgressBar {
  /** Shows it, at most ten times a second. */
  show(progress: Progress): void;
  /** Takes it away, so that something else can be written. */
  clear(): void;
}

const PAUSE_MS = 100;
const BAR_CHARACTERS = 30;
const DEFAULT_COLUMNS = 80;

/** A progress bar on a terminal; on anything else nothing is ever written. */
export function createProgressBar({ stderr, isShown }: { stderr: Output; isShown: boolean }): ProgressBar {
  let shownMs = Number.NEGATIVE_INFINITY;
  let isThere = false;
  return {
    show(progress) {
      if (!isShown || progress.elapsedMs - shownMs < PAUSE_MS) return;
      shownMs = progress.elapsedMs;
      isThere = true;
      // A line that is too long would be broken, and could not be taken away.
      stderr.write(`\r${toProgressText(progress).slice(0, (stderr.columns ?? DEFAULT_COLUMNS) - 1)}\x1b[K`);
    },
    clear() {
      if (isThere) stderr.write('\r\x1b[K');
      isThere = false;
      shownMs = Number.NEGATIVE_INFINITY;
    },
  };
}

/** `[#####-----] 42 %  2,100 events  1,050/s`; without the bar where the whole is not known. */
export function toProgressText({ events, bytes, totalBytes, elapsedMs }: Progress): string {
  const perSec = elapsedMs > 0 ? Math.round((events * 1_000) / elapsedMs) : 0;
  const counts = `${toCount(events)} events  ${toCount(perSec)}/s`;
  if (!totalBytes) return counts;
  const share = Math.min(1, bytes / totalBytes);
  const done = Math.floor(share * BAR_CHARACTERS);
  return `[${'#'.repeat(done)}${'-'.repeat(BAR_CHARACTERS - done)}] ${Math.floor(share * 100)} %  ${counts}`;
}

/** A whole number with commas between thousands. */
export function toCount(value: number): string {
  // Intl would do it too, and takes longer to load than all the rest.
  return `${value}`.replace(/\B(?=(\d{3})+$)/g, ',');
}
