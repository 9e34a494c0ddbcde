import type { Subject } from '../server/subject.ts';

/** Another server that does the same work, where this machine has it. */
export interface Peer {
  readonly name: string;
  /** What is missing to run it, and how to get it; nothing where it can be run. */
  findMissing(): Promise<string | undefined>;
  start(): Promise<Subject>;
}
