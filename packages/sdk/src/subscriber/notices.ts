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
  const listeners: { [Of in Name]: Set<Listener<Of>> } = { gap: new Set(), state: new Set(), error: new Set() };
  return {
    on(name, listener) {
      listeners[name].add(listener);
      return () => listeners[name].delete(listener);
    },
    tell(name, notice) {
      // Whoever does not listen must still find out why nothing comes.
      if (name === 'error' && listeners.error.size === 0) console.warn('Tidings:', notice);
      for (const listener of listeners[name]) callListener(listener, notice);
    },
  };
}
