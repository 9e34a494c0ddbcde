import type { OfferedFault } from '../hub-client.ts';

/** A fault as the page offers it. */
export interface FaultButton {
  readonly name: string;
  readonly target: string;
  readonly label: string;
  readonly meaning: string;
}

interface Words {
  readonly label: string;
  readonly meaning: string;
}

const WORDS: Readonly<Record<string, Words>> = {
  'drop-connection': {
    label: 'Drop my connection',
    meaning: 'The socket of this page’s stream is destroyed, without a word, as a network does.',
  },
  'kill-edge': { label: 'Kill', meaning: 'SIGKILL: the process is gone at once, and is started again.' },
  'restart-edge': { label: 'Restart', meaning: 'SIGTERM: it sends its streams elsewhere, ends, and is started again.' },
  'step-down': {
    label: 'Step down the leader',
    meaning: 'The NATS server that leads the stream hands that on to another: an election.',
  },
};

/** A button for each fault and each thing that it may be done to. What this page has no words for is not offered. */
export function toButtons(faults: readonly OfferedFault[]): FaultButton[] {
  return faults.flatMap(({ name, targets }) => {
    const words = WORDS[name];
    if (words === undefined) return [];
    const { label, meaning } = words;
    if (targets === undefined) return [{ name, target: '', label, meaning }];
    return targets.map((target) => ({ name, target, label: `${label} ${target}`, meaning }));
  });
}
