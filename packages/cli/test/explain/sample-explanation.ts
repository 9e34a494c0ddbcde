import { explain, type SessionRecord } from '@tidings/control';
import { type Explanation, encodeCursor } from '@tidings/protocol';

const EPOCH = '3f';
const at = (time: string): number => Date.parse(`2026-11-29T${time}Z`);

const session = (id: string, record: Partial<SessionRecord>): SessionRecord => ({
  id,
  node: 'edge-a',
  epoch: EPOCH,
  openedMs: at('02:00:00'),
  start: 10,
  topics: [{ after: 10, settled: 10, topics: ['orders.*'] }],
  grants: [{ after: 0, patterns: ['orders.>', 'user.alice'] }],
  gaps: [],
  newestOnly: [],
  replays: [],
  cut: false,
  through: 40,
  lastId: 40,
  atMs: at('02:10:00'),
  unsentBytes: 0,
  ...record,
});

/** An answer of three edges, with a session of each kind, and one edge that is gone; or of the first one, which is alone. */
export function explainSample(isAlone = false): Explanation {
  const found = {
    state: 'stored',
    topic: 'orders.42',
    event: 'status',
    timeMs: at('02:05:00'),
    exclude: '',
    isPublic: false,
  } as const;
  const part = {
    sinceMs: at('01:00:00'),
    hearsSinceMs: at('01:00:00'),
    isOn: true,
    forgottenMs: 0,
    records: [],
    heard: [],
  };
  const lost = { node: 'edge-d', sinceMs: at('01:00:00'), heardMs: at('02:06:00') };
  const others = [
    { ...part, node: 'edge-b', sinceMs: at('02:07:00'), forgottenMs: at('02:08:00') },
    { ...part, node: 'edge-c', isOn: false },
  ];
  return explain('alice', { epoch: EPOCH, seq: 20, found }, [
    {
      ...part,
      node: 'edge-a',
      records: [
        session('s-two', { closedMs: at('02:10:00'), end: 'gone' }),
        session('s-one', {
          openedMs: at('01:30:00'),
          topics: [{ after: 10, settled: 10, topics: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] }],
          lastId: 10,
        }),
        session('s-three', { openedMs: at('02:11:00'), given: encodeCursor(EPOCH, 40), start: 40 }),
      ],
      heard: isAlone ? [] : [lost],
    },
    ...(isAlone ? [] : others),
  ]);
}
