import { fstatSync } from 'node:fs';
import type { PublishResult } from '@tidings/sdk/publisher';
import { type Input, type Io, note, print } from '../io.ts';
import { createProgressBar, toCount } from './progress.ts';
import type { PublishReader } from './publish.ts';

/** What a person is told while events are published. */
export interface PublishReport extends PublishReader {
  /** So much more of standard input has been read. */
  read(bytes: number): void;
  note(text: string): void;
  /** Nothing more is published; after a failure it is told what was. */
  end(hasFailed: boolean): void;
}

export interface ReportOptions {
  /** Each result is printed. */
  readonly json: boolean;
  /** Events come from standard input, and not from the command line. */
  readonly readsInput: boolean;
}

const MOST_TOLD = 20;

/** With a progress bar where standard error is a terminal, and what is read is not one that somebody types on. */
export function createReport(io: Io, { json, readsInput }: ReportOptions): PublishReport {
  const { stdin, stdout, stderr, now } = io;
  // On one terminal results and a bar would write into each other.
  const isShown = readsInput && !stdin.isTTY && stderr.isTTY === true && !(json && stdout.isTTY);
  const bar = createProgressBar({ stderr, isShown });
  const totalBytes = isShown ? sizeOf(stdin) : undefined;
  const startMs = now();
  let bytes = 0;
  let events = 0;
  let told = 0;

  function tell(text: string): void {
    bar.clear();
    note(io, text);
  }

  if (readsInput && stdin.isTTY) tell('one event a line; Ctrl-D ends');
  return {
    note: tell,
    read(count) {
      bytes += count;
    },
    result(result, line) {
      if (json) print(io, toResultLine(result, line));
      if (result.status !== 'failed' || line === undefined || told === MOST_TOLD) return;
      told += 1;
      tell(`line ${line}: ${result.error.code}: ${result.error.message}`);
      if (told === MOST_TOLD) tell('further lines are not named.');
    },
    progress(published) {
      events = published;
      bar.show({ events, bytes, totalBytes, elapsedMs: now() - startMs });
    },
    end(hasFailed) {
      bar.clear();
      if (hasFailed && events > 0) tell(`events published: ${toCount(events)}`);
    },
  };
}

/** A result as JSON: where the event is, or the problem that it has. */
function toResultLine({ index: _index, ...result }: PublishResult, line: number | undefined): string {
  if (result.status !== 'failed') return JSON.stringify({ line, ...result });
  const { status, topic, error } = result;
  return JSON.stringify({ line, status, topic, problem: error.problem ?? { code: error.code, detail: error.message } });
}

function sizeOf({ fd }: Input): number | undefined {
  const stat = fd === undefined ? undefined : fstatSync(fd);
  return stat?.isFile() ? stat.size : undefined;
}
