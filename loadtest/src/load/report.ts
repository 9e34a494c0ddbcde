import { escapeXml, toLineChart } from '../report/line-chart.ts';
import { toSentence } from '../report/machine.ts';
import { toCharts } from './charts.ts';
import { toFindings } from './findings.ts';
import { isGood, type LoadResult } from './result.ts';

const STYLE = `
  :root { color-scheme: light dark; --text: #24292f; --quiet: #57606a; --line: #d8dee4; --good: #1a7f37; --bad: #cf222e; --page: #fff; }
  @media (prefers-color-scheme: dark) {
    :root { --text: #e6edf3; --quiet: #9da7b1; --line: #30363d; --good: #56c271; --bad: #ff7b72; --page: #0d1117; }
  }
  body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page); max-width: 1180px; margin: 0 auto; padding: 24px 20px 48px; }
  h1 { font-size: 26px; margin: 0; } h2 { font-size: 18px; margin: 36px 0 12px; } p { margin: 6px 0; }
  .quiet { color: var(--quiet); } .verdict { font-weight: 600; } .good { color: var(--good); } .bad { color: var(--bad); }
  .wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; padding: 6px 16px 6px 0; border-bottom: 1px solid var(--line); vertical-align: top; font-variant-numeric: tabular-nums; }
  th { font-weight: 600; } code { font: 13px ui-monospace, monospace; }
  .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(480px, 100%), 1fr)); gap: 28px; }
  .charts figure { margin: 0; } .charts svg { width: 100%; height: auto; display: block; }
  @media print { body { max-width: none; } figure, tr { break-inside: avoid; } }`;

/** A page that holds all of a run, opens without a network, and runs no script. */
export function toReport(result: LoadResult): string {
  const { scenario, title, date, machine, target, thresholds, marks, faults, seconds } = result;
  const good = isGood(result);
  const unmet = thresholds.filter(({ met }) => !met).length;
  const verdict = good
    ? 'All thresholds hold.'
    : [
        ...(thresholds.length === 0 ? ['There are no thresholds.'] : []),
        ...(unmet > 0 ? [`${unmet} of ${thresholds.length} thresholds do not hold.`] : []),
        ...faults,
      ].join(' ');
  const startSec = Date.parse(date) / 1_000;
  const asked = Object.entries(result.sizes).map(([name, value]) => `${name}=${value}`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(`${scenario}, ${date.slice(0, 10)}`)}</title>
<style>${STYLE}
</style>
</head>
<body>
<main>
<h1>${text(scenario)}</h1>
<p>${text(title)}</p>
<p class="verdict ${good ? 'good' : 'bad'}">${text(verdict)}</p>
<p class="quiet">${text(`Against ${target}, for ${Math.round(seconds)} s. ${asked.length > 0 ? `${asked.join(', ')}. ` : ''}${toSentence(machine, new Date(date))}`)}</p>
<h2>Figures</h2>
${table(
  ['What', 'Value'],
  toFindings(result).map(({ name, value }) => [text(name), text(value)]),
)}
<h2>Thresholds</h2>
${table(
  ['Metric', 'Rule', 'Outcome'],
  thresholds.map(({ metric, rule, met }) => [
    `<code>${text(metric)}</code>`,
    `<code>${text(rule)}</code>`,
    met ? '<span class="good">met</span>' : '<span class="bad">NOT MET</span>',
  ]),
)}
${
  marks.length === 0
    ? ''
    : `<h2>What was done to the servers</h2>\n${table(
        ['', 'Second', 'What'],
        marks.map(({ time, what }, index) => [`${index + 1}`, (time - startSec).toFixed(1), text(what)]),
      )}`
}
<h2>Over time</h2>
<div class="charts">
${toCharts(result)
  .map((chart) => `<figure>${toLineChart(chart)}</figure>`)
  .join('\n')}
</div>
</main>
</body>
</html>
`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.map((name) => `<th scope="col">${name}</th>`).join('');
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('\n');
  return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table></div>`;
}

const text = escapeXml;
