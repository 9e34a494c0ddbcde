import { TidingsError } from '@tidings/protocol';
import type { Clock, Timer } from '@tidings/runtime';
import type { ClusterHandler, ClusterRole } from '../cluster-port.ts';
import { toControlText } from '../control-limits.ts';
import { createId } from '../random-id.ts';
import type { ControlMessage, ControlWire } from './control-wire.ts';
import type { Node, Roster } from './roster.ts';

/** Asks the processes of the roster, and answers them. */
export interface Questions {
  ask(node: string, name: string, body: string | undefined): Promise<unknown>;
  askAll(name: string, body: string | undefined): Promise<unknown[]>;
  /** Nothing that was asked will be answered any more. */
  giveUp(error: TidingsError): void;
}

export interface QuestionsParts {
  readonly wire: ControlWire;
  readonly roster: Roster;
  readonly id: string;
  readonly answers: ReadonlyMap<string, ClusterHandler>;
  readonly clock: Clock;
  /** Told what a handler throws. */
  onFault(error: unknown, name: string): void;
}

interface Open {
  /** Whose answer is still to come, with the role that must give it. */
  readonly waiting: Map<string, ClusterRole>;
  readonly answers: Map<string, unknown>;
  /** Whether an answer of somebody who was not known of counts: one who has just come is asked as well. */
  readonly welcome: boolean;
  readonly asked: number;
  readonly timer: Timer;
  resolve(answers: Map<string, unknown>): void;
  reject(error: Error): void;
}

const ANSWER_MS = 2_000;

export function createQuestions({ wire, roster, id, answers, clock, onFault }: QuestionsParts): Questions {
  const open = new Map<string, Open>();

  function settle(question: string, one: Open, error?: Error): void {
    if (error === undefined && one.waiting.size > 0) return;
    one.timer.cancel();
    open.delete(question);
    if (error === undefined) one.resolve(one.answers);
    else one.reject(error);
  }

  function put(
    asked: readonly Node[],
    welcome: boolean,
    send: (question: string) => void,
  ): Promise<Map<string, unknown>> {
    const question = createId();
    return new Promise((resolve, reject) => {
      const timer = clock.after(ANSWER_MS, () => late(question));
      const waiting = new Map(asked.map((node) => [node.id, node.role]));
      const one = { waiting, answers: new Map(), welcome, asked: asked.length, timer, resolve, reject };
      open.set(question, one);
      try {
        send(question);
      } catch (error) {
        settle(question, one, error as Error);
      }
    });
  }

  function late(question: string): void {
    const one = open.get(question);
    if (one === undefined) return;
    // Whoever fell silent meanwhile may be gone by now.
    for (const each of one.waiting.keys()) if (roster.find(each) === undefined) one.waiting.delete(each);
    const { size } = one.waiting;
    settle(question, one, size > 0 ? noAnswer(`${size} of ${one.asked} nodes did not answer in time`) : undefined);
  }

  roster.onLeave((left) => {
    for (const [question, one] of [...open]) if (one.waiting.delete(left)) settle(question, one);
  });

  wire.listen('answer', id, ({ from, question, body, outcome }, role) => {
    const one = typeof question === 'string' ? open.get(question) : undefined;
    if (one === undefined) return;
    const expected = one.waiting.get(from);
    if (expected === undefined ? !one.welcome || one.answers.has(from) : expected !== role) return;
    if (outcome === 'failed') return settle(question as string, one, noAnswer('a node could not answer'));
    one.waiting.delete(from);
    if (outcome !== 'unknown') one.answers.set(from, body);
    settle(question as string, one);
  });

  async function reply({ from, question, name, body }: ControlMessage, role: ClusterRole): Promise<void> {
    if (typeof question !== 'string' || typeof name !== 'string') return;
    const handler = answers.get(name);
    const say = (outcome?: 'failed' | 'unknown', text?: string): void =>
      wire.send('answer', from, { from: id, question, ...(outcome && { outcome }) }, text);
    try {
      if (handler === undefined) return say('unknown');
      say(undefined, toControlText('an answer', await handler(body, from, role)));
    } catch (error) {
      // An answer that can't go out: whoever asked knows that the connection is lost, or hears of it in time.
      if (wire.connected) say('failed');
      onFault(error, name);
    }
  }

  // What is thrown in there comes of a connection that is lost this instant.
  const onQuestion = (message: ControlMessage, role: ClusterRole): void => void reply(message, role).catch(() => {});
  wire.listen('ask', id, onQuestion);
  for (const name of answers.keys()) wire.listen('query', name, onQuestion);

  return {
    async ask(target, name, body) {
      await roster.gathered();
      const node = roster.find(target);
      if (node === undefined || !node.names.has(name)) return undefined;
      const got = await put([node], false, (question) => wire.send('ask', target, { from: id, question, name }, body));
      return got.get(target);
    },
    async askAll(name, body) {
      await roster.gathered();
      const nodes = roster.answering(name);
      if (nodes.length === 0) return [];
      const got = await put(nodes, true, (question) => wire.send('query', name, { from: id, question, name }, body));
      return [...got.values()];
    },
    giveUp(error) {
      for (const [question, one] of [...open]) settle(question, one, error);
    },
  };
}

const noAnswer = (why: string): TidingsError =>
  new TidingsError('unavailable', `Not everybody could be asked: ${why}.`, { retryAfterSec: 1 });
