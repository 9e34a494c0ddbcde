import { setTimeout } from 'k6/timers';

/** Lets others of the same virtual user work meanwhile, which k6's own `sleep` does not. */
export const delay = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(() => resolve(), ms);
  });
