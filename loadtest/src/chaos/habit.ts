import type { Chance } from './chance.ts';
import type { Subscriber } from './subscriber.ts';

const STALLING_SHARE = 0.2;
const CUTTING_SHARE = 0.2;

/** Some clients stop reading now and then, some lose their connection; what is given back ends it all. */
export function startHabits(subscribers: readonly Subscriber[], chance: Chance): () => void {
  const timers = new Set<NodeJS.Timeout>();

  function after(leastMs: number, mostMs: number, run: () => void): void {
    const timer = setTimeout(
      () => {
        timers.delete(timer);
        run();
      },
      chance.between(leastMs, mostMs),
    );
    timers.add(timer);
  }

  function stallNowAndThen(subscriber: Subscriber): void {
    after(5_000, 40_000, () => {
      subscriber.stall();
      after(2_000, 20_000, () => {
        subscriber.resume();
        stallNowAndThen(subscriber);
      });
    });
  }

  function cutNowAndThen(subscriber: Subscriber): void {
    after(5_000, 30_000, () => {
      subscriber.cut();
      cutNowAndThen(subscriber);
    });
  }

  for (const subscriber of subscribers) {
    if (chance.happens(STALLING_SHARE)) stallNowAndThen(subscriber);
    if (chance.happens(CUTTING_SHARE)) cutNowAndThen(subscriber);
  }
  return () => {
    for (const timer of timers) clearTimeout(timer);
    for (const subscriber of subscribers) subscriber.resume();
  };
}
