import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toChart } from '../report/chart.ts';
import { replaceSection } from '../report/document.ts';
import { describeMachine, toSentence } from '../report/machine.ts';
import type { Row } from '../report/row.ts';
import { toMarkdownTable } from '../report/table.ts';
import { ROOT } from '../server/measured-process.ts';

const DOCUMENT = join(ROOT, 'docs/performance.md');
const CHART = join(ROOT, 'docs/performance.svg');
const IMAGE = '![Work for each second of CPU time, beside raw Node](performance.svg)';
const RESULTS = join(ROOT, 'loadtest/results');

/** Keeps a whole run: as JSON, as the chart, and as the table of figures in docs/performance.md. */
export function writeReport(rows: readonly Row[], seconds: number): void {
  const machine = describeMachine();
  const now = new Date();
  mkdirSync(RESULTS, { recursive: true });
  const json = { date: now.toISOString(), machine, seconds: Math.round(seconds), rows };
  writeFileSync(join(RESULTS, 'latest.json'), `${JSON.stringify(json, null, 2)}\n`);
  writeFileSync(CHART, toChart(rows));
  writeSection('figures', `${toSentence(machine, now)}\n\n${IMAGE}\n\n${toMarkdownTable(rows)}`);
}

/** Rewrites one section of docs/performance.md. */
export function writeSection(name: string, text: string): void {
  writeFileSync(DOCUMENT, replaceSection(readFileSync(DOCUMENT, 'utf8'), name, text));
}

/** Of a run that was not whole: only the JSON, beside that of the last whole one. */
export function writePartial(rows: readonly Row[]): void {
  mkdirSync(RESULTS, { recursive: true });
  const json = { date: new Date().toISOString(), machine: describeMachine(), rows };
  writeFileSync(join(RESULTS, 'partial.json'), `${JSON.stringify(json, null, 2)}\n`);
}
