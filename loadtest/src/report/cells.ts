import { GENERATOR_BOUND_SHARE, type Row } from './row.ts';

/** A row as text, by column; the same for the terminal and for documents. */
export interface Cells {
  readonly scenario: string;
  readonly figure: string;
  readonly ratio: string;
  readonly latency: string;
  readonly memory: string;
  readonly goal: string;
  readonly notes: string;
}

export const COLUMNS: Record<keyof Cells, string> = {
  scenario: 'scenario',
  figure: 'per CPU-second',
  ratio: 'of raw Node',
  latency: 'p50 / p99 / max ms',
  memory: 'RSS MB',
  goal: 'goal',
  notes: 'notes',
};

/** 96,712 as `96.7k`, and 1,590,000 as `1.59M`. */
export function toThousands(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)}M`;
  return value < 1_000 ? `${Math.round(value)}` : `${(value / 1_000).toFixed(value < 100_000 ? 1 : 0)}k`;
}

const toMs = (ms: number): string => ms.toFixed(ms < 10 ? 1 : 0);

export function toCells(row: Row): Cells {
  const { title, subject, rate, figure, ratio, latency, rssBytes, verdicts, failure } = row;
  const rateText = rate === undefined ? [] : [`${toThousands(rate.perCpuSec)} ${rate.unit}`];
  return {
    scenario: subject === undefined ? title : `${title}: ${subject}`,
    figure: failure === undefined ? [...rateText, ...(figure === undefined ? [] : [figure])].join('; ') : 'failed',
    ratio: ratio === undefined ? '' : ratio.toFixed(2),
    latency: latency === undefined ? '' : [latency.p50Ms, latency.p99Ms, latency.maxMs].map(toMs).join(' / '),
    memory: rssBytes === undefined ? '' : `${Math.round(rssBytes / 1e6)}`,
    goal: verdicts.map(({ goal, met }) => `${goal}: ${met ? 'met' : 'NOT MET'}`).join('; '),
    notes: toNotes(row).join('; '),
  };
}

function toNotes({ failure, notes = [], generatorShare = 0 }: Row): string[] {
  if (failure !== undefined) return [failure];
  const share = `clients used ${Math.round(generatorShare * 100)}% of a core`;
  if (generatorShare === 0) return [...notes];
  return [...notes, generatorShare > GENERATOR_BOUND_SHARE ? `generator-bound: ${share}` : share];
}
