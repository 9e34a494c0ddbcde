// `npm run loadtest:curves [-- --only payload,edges] [--quick]`: how costs grow. Rewrites the figures of docs/capacity.md when all ran.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findK6 } from '../load/k6-process.ts';
import { isGood } from '../load/result.ts';
import { runLoad } from '../load/run.ts';
import { replaceSection } from '../report/document.ts';
import { describeMachine, toSentence } from '../report/machine.ts';
import { ROOT } from '../server/measured-process.ts';
import { CURVES } from './curve.ts';
import { type MeasuredCurve, type MeasuredPoint, toCurveCharts, toCurveTable } from './table.ts';

const RESULTS = join(ROOT, 'loadtest/results');
const IMAGES = join(ROOT, 'docs/images');
const DOCUMENT = join(ROOT, 'docs/capacity.md');

const text = { type: 'string' } as const;
const { values } = parseArgs({ options: { only: text, quick: { type: 'boolean' } } });
const only = values.only?.split(',') ?? CURVES.map(({ name }) => name);
for (const name of only) {
  if (!CURVES.some((curve) => curve.name === name))
    throw new TypeError(`there is no curve ${name}: ${CURVES.map((curve) => curve.name).join(', ')}`);
}
const tell = (what: string): void => console.error(`${(performance.now() / 1e3).toFixed(0).padStart(5)} s  ${what}`);
const k6 = await findK6();

const measured: MeasuredCurve[] = [];
for (const curve of CURVES.filter(({ name }) => only.includes(name))) {
  const points: MeasuredPoint[] = [];
  for (const { name: variant, points: all } of curve.variants) {
    for (const { x, sizes, edges = 0 } of values.quick ? all.slice(0, 2) : all) {
      tell(`${curve.name}, ${variant}: ${x}`);
      const { scenario, site } = curve;
      const result = await runLoad({ k6, scenario, site, edges, sizes, target: undefined });
      const unmet = result.thresholds.filter(({ met }) => !met).map(({ metric, rule }) => `${metric} ${rule}`);
      if (!isGood(result)) throw new Error(`${curve.name} at ${x}: ${[...result.faults, ...unmet].join('; ')}`);
      const figures = Object.fromEntries(curve.figures.map(({ name, of }) => [name, of(result)]));
      const nothing = Object.entries(figures).filter(([, value]) => !Number.isFinite(value));
      if (nothing.length > 0)
        throw new Error(`${curve.name} at ${x} has no ${nothing.map(([name]) => name).join(', ')}`);
      points.push({ variant, x, figures });
    }
  }
  measured.push({ name: curve.name, points });
  console.log(`\n${curve.title}\n\n${toCurveTable(curve, points)}\n`);
}

if (!values.quick && measured.length === CURVES.length) {
  const now = new Date();
  mkdirSync(RESULTS, { recursive: true });
  const json = { date: now.toISOString(), machine: describeMachine(), curves: measured };
  writeFileSync(join(RESULTS, 'curves.json'), `${JSON.stringify(json, undefined, 1)}\n`);
  const parts = CURVES.map((curve) => {
    const { points = [] } = measured.find(({ name }) => name === curve.name) ?? {};
    const images = toCurveCharts(curve, points).map(({ file, title, svg }) => {
      writeFileSync(join(IMAGES, file), svg);
      return `![${title}](images/${file})`;
    });
    return [`### ${curve.title}`, ...images, toCurveTable(curve, points)].join('\n\n');
  });
  const section = `${toSentence(describeMachine(), now)}\n\n${parts.join('\n\n')}`;
  writeFileSync(DOCUMENT, replaceSection(readFileSync(DOCUMENT, 'utf8'), 'curves', section));
}
