import { parseAnswers } from './answer.ts';
import type { Reply } from './connection.ts';
import type { Input } from './input.ts';

/** Counts what was sent and what came of it. */
export interface Tally {
  add(input: Input, reply: Reply): void;
  readonly total: number;
  /** One line for each kind of input, and one for the answers. */
  describe(): string[];
}

export function createTally(): Tally {
  const kinds = new Map<string, number>();
  const statuses = new Map<string, number>();
  let total = 0;
  const count = (counts: Map<string, number>, name: string): void => void counts.set(name, (counts.get(name) ?? 0) + 1);
  const list = (counts: Map<string, number>): string =>
    [...counts]
      .sort(([one], [two]) => one.localeCompare(two))
      .map(([name, times]) => `${name} ${times}`)
      .join(', ');
  return {
    add(input, { text }) {
      total += 1;
      count(kinds, input.kind);
      if (input.protocol === 'h2') return count(statuses, text === '' ? 'h2 silent' : 'h2');
      const answers = parseAnswers(text);
      if (answers.length === 0) count(statuses, 'none');
      for (const { status } of answers) count(statuses, `${status}`);
    },
    get total() {
      return total;
    },
    describe: () => [`inputs:  ${list(kinds)}`, `answers: ${list(statuses)}`],
  };
}
