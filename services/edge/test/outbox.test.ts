import { encodeText, type Frame } from '@tidings/protocol';
import { describe, expect, it } from 'vitest';
import type { Flushable, FlushQueue } from '../src/flush-queue.ts';
import { createFrameJoiner } from '../src/frame-joiner.ts';
import { Outbox } from '../src/outbox.ts';
import type { StreamSocket } from '../src/stream-socket.ts';

const frame = (bytes: number): Frame => encodeText('x'.repeat(bytes));

/** A connection that takes nothing until it is told to, or all at once. */
function fakeSocket(drainMarkBytes = 0, takesAll = false) {
  const written: Buffer[] = [];
  const drains: (() => void)[] = [];
  const state = { unsentBytes: 0, ended: 0, writes: 0 };
  const socket: StreamSocket = {
    transport: 'h1',
    chunked: false,
    write(bytes) {
      written.push(bytes);
      state.writes += 1;
      if (!takesAll) state.unsentBytes += bytes.length;
    },
    writeAll(pieces) {
      for (const piece of pieces) socket.write(piece);
    },
    get unsentBytes() {
      return state.unsentBytes;
    },
    get takenBytes() {
      return -state.unsentBytes;
    },
    drainMarkBytes,
    onDrain: (run) => void drains.push(run),
    onClose: () => {},
    end: () => {
      state.ended += 1;
    },
    destroy: () => {},
  };
  const drain = (left = 0): void => {
    state.unsentBytes = left;
    for (const run of drains) run();
  };
  return { socket, state, drain, text: () => Buffer.concat(written).toString() };
}

function fakeQueue(): FlushQueue & { readonly waiting: Flushable[] } {
  const waiting: Flushable[] = [];
  return {
    waiting,
    joiner: createFrameJoiner(),
    add: (flushable) => void waiting.push(flushable),
    afterFlush: (run) => run(),
  };
}

function create(limitBytes = 100, drainMarkBytes = 0, takesAll = false) {
  const connection = fakeSocket(drainMarkBytes, takesAll);
  const queue = fakeQueue();
  let nowMs = 0;
  const outbox = new Outbox(connection.socket, queue, limitBytes, {
    get elapsedMs() {
      return nowMs;
    },
  });
  return {
    ...connection,
    queue,
    outbox,
    pass(ms: number) {
      nowMs += ms;
    },
  };
}

describe('an outbox', () => {
  it('writes what came in one turn as one piece, in order', () => {
    const { outbox, queue, state, text } = create();
    for (const letter of ['a', 'b', 'c']) outbox.write(encodeText(letter));
    expect(state.writes).toBe(0);
    expect(queue.waiting).toEqual([outbox]);
    outbox.flush();
    expect(state.writes).toBe(1);
    expect(text()).toBe('abc');
    outbox.flush();
    expect(state.writes).toBe(1);
    expect(outbox.takeSentBytes()).toBe(3);
  });

  it('writes many large frames without joining them, in order', () => {
    const { outbox, text } = create(1_000_000);
    const letters = ['a', 'b', 'c'].map((letter) => letter.repeat(50_000));
    for (const each of letters) outbox.write(encodeText(each));
    outbox.flush();
    expect(text()).toBe(letters.join(''));
    expect(outbox.takeSentBytes()).toBe(150_000);
  });

  it('is full above its limit, counting what waits in it and what the connection has not taken', () => {
    const { outbox, drain } = create(100);
    outbox.write(frame(60));
    outbox.flush();
    expect(outbox.full).toBe(false);
    outbox.write(frame(40));
    expect(outbox.full).toBe(false);
    outbox.write(frame(1));
    expect(outbox.full).toBe(true);
    outbox.flush();
    expect(outbox.full).toBe(true);
    drain(100);
    expect(outbox.full).toBe(false);
  });

  it('is not full below the mark at which the connection tells that it has drained', () => {
    const { outbox } = create(100, 1_000);
    outbox.write(frame(1_000));
    expect(outbox.full).toBe(false);
    outbox.write(frame(1));
    expect(outbox.full).toBe(true);
  });

  it('tells who waits once there is room, and not before', async () => {
    const { outbox, drain } = create(100);
    outbox.write(frame(300));
    let told = false;
    const waiting = outbox.makeRoom().then(() => {
      told = true;
    });
    drain(200);
    await Promise.resolve();
    expect(told).toBe(false);
    drain(50);
    await waiting;
    expect(told).toBe(true);
  });

  it('makes room by offering what waits to the connection, and does not wait where that is enough', async () => {
    const { outbox, state } = create(100, 0, true);
    outbox.write(frame(300));
    expect(outbox.full).toBe(true);
    await outbox.makeRoom();
    expect(state.writes).toBe(1);
    expect(outbox.full).toBe(false);
  });

  it('does not take a burst of one turn for a slow reader, unless it is more than any turn may hold', () => {
    const { outbox } = create(100);
    for (let index = 0; index < 10; index += 1) outbox.write(frame(100_000));
    expect(outbox.lagging).toBe(false);
    outbox.write(frame(100_000));
    expect(outbox.lagging).toBe(true);
    outbox.flush();
    // The connection took nothing of it.
    outbox.write(frame(1));
    expect(outbox.lagging).toBe(true);
  });

  it('tells who waits that there is no room, also in the turn in which it began to wait', async () => {
    const { outbox } = create(100);
    outbox.write(frame(300));
    const waiting = outbox.makeRoom();
    outbox.stopWaiting();
    await waiting;
    expect(outbox.full).toBe(true);
    const later = outbox.makeRoom();
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    outbox.stopWaiting();
    await later;
    expect(outbox.full).toBe(true);
  });

  it('tells who waits when it is closed, and writes nothing any more', async () => {
    const { outbox, state } = create(100);
    outbox.write(frame(300));
    const waiting = outbox.makeRoom();
    const writes = state.writes;
    outbox.close();
    await waiting;
    outbox.write(frame(10));
    outbox.flush();
    await outbox.makeRoom();
    expect(state.writes).toBe(writes);
    expect(state.ended).toBe(0);
  });

  it('writes what waits before it ends, once', () => {
    const { outbox, state, text } = create();
    outbox.write(encodeText('goodbye'));
    outbox.end();
    expect(text()).toBe('goodbye');
    expect(state.ended).toBe(1);
    outbox.write(encodeText('too late'));
    outbox.flush();
    expect(text()).toBe('goodbye');
  });

  it('knows when something last went out, which is not when it was put in', () => {
    const { outbox, pass } = create();
    pass(1_000);
    outbox.write(frame(1));
    expect(outbox.lastSentMs).toBe(0);
    pass(500);
    outbox.flush();
    expect(outbox.lastSentMs).toBe(1_500);
    pass(500);
    outbox.flush();
    expect(outbox.lastSentMs).toBe(1_500);
  });
});
