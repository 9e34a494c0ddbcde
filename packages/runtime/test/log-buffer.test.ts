import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLogBuffer, type LogBuffer } from '../src/log-buffer.ts';

interface Held {
  readonly buffer: LogBuffer;
  readonly log: ReturnType<typeof pino>;
  /** The messages of each write. */
  readonly writes: string[][];
}

function createHeld(): Held {
  const writes: string[][] = [];
  const before = process.listeners('exit');
  const toMessages = (text: string): string[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).msg);
  const buffer = createLogBuffer({ write: (text) => void writes.push(toMessages(text)) });
  onTestFinished(() => {
    for (const listener of process.listeners('exit')) if (!before.includes(listener)) process.off('exit', listener);
  });
  return { buffer, log: pino({}, buffer), writes };
}

describe('createLogBuffer', () => {
  it('writes the lines of one turn of the event loop together, in their order', async () => {
    const { log, writes } = createHeld();
    log.info('a');
    await Promise.resolve();
    log.child({ x: 1 }).info('b');
    process.nextTick(() => log.info('c'));
    expect(writes).toEqual([]);
    await nextTurn();
    expect(writes).toEqual([['a', 'b', 'c']]);
    log.info('d');
    await nextTurn();
    expect(writes).toEqual([['a', 'b', 'c'], ['d']]);
  });

  it.each(['warn', 'error', 'fatal'] as const)(
    'writes at once from a line of level %s on, and what was held before it',
    (level) => {
      const { log, writes } = createHeld();
      log.info('a');
      log[level]('b');
      expect(writes).toEqual([['a', 'b']]);
      log.info('c');
      expect(writes).toHaveLength(1);
    },
  );

  it('writes when it is told to, and nothing twice', async () => {
    const { log, writes } = createHeld();
    log.info('a');
    log.flush();
    log.flush();
    await nextTurn();
    expect(writes).toEqual([['a']]);
  });

  it('holds back 64 KiB at most', () => {
    const { log, writes } = createHeld();
    const line = 'x'.repeat(10_000);
    for (let count = 0; count < 20; count += 1) log.info(line);
    expect(writes.map((lines) => lines.length)).toEqual([7, 7]);
  });

  it('writes what is held when the process exits', () => {
    const { log, writes } = createHeld();
    log.info('a');
    for (const listener of process.listeners('exit').slice(-1)) listener.call(process, 0);
    expect(writes).toEqual([['a']]);
  });
});
