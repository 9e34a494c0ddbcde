import { callListener } from './call-listener.ts';
import type { TidingsNotices } from './tidings.ts';

type Name = keyof TidingsNotices;
type Listener<Of extends Name> = (notice: TidingsNotices[Of]) => void;

/** Who listens to what a client tells beyond events. */
export interface Notices {
  on<Of extends Name>(name: Of, listener: Listener<Of>): () => void;
  tell<Of extends Name>(name: Of, notice: TidingsNotices[Of]): void;
}

export function createNotices(): Notices {
  const listeners: { [Of in Name]?: Set<Listener<Of>> } = {};

  function listenersOf<Of extends Name>(name: Of): Set<Listener<Of>> {
    listeners[name] ??= new Set() as never;
    return listeners[name] as Set<Listener<Of>>;
  }

  return {
    on(name, listener) {
      listenersOf(name).add(listener);
      return () => listenersOf(name).delete(listener);
    },
    tell(name, notice) {
      // Whoever does not listen must still find out why nothing comes.
      if (name === 'error' && !listenersOf(name).size) console.warn('Tidings:', notice);
      for (const listener of listenersOf(name)) callListener(listener, notice);
    },
  };
}
