'use client';
import { createContext, type Provider, useContext, useSyncExternalStore } from 'react';
import type { ConnectionState, Tidings } from '../subscriber/tidings.ts';
import type { RegisteredTopics } from './register.ts';

/** The client of the application, as the hooks have it. */
export type RegisteredTidings = Tidings<RegisteredTopics>;

const ClientContext = createContext<RegisteredTidings | null>(null);

/**
 * Gives the hooks below it the client that is its `value`. It neither opens nor closes it: a client connects with the first
 * subscription, which no server makes, and whoever created it closes it.
 */
export const TidingsProvider: Provider<RegisteredTidings | null> = ClientContext.Provider;

/**
 * The client, for all that is no hook: `subscribe`, `on('gap', …)`, `cursor`.
 * @throws TypeError outside of a `TidingsProvider`.
 */
export function useTidings(): RegisteredTidings {
  const client = useContext(ClientContext);
  if (!client) throw new TypeError('No <TidingsProvider> above');
  return client;
}

/**
 * How the client's connection is; `idle` on a server.
 * @throws TypeError outside of a `TidingsProvider`.
 */
export function useConnectionState(): ConnectionState {
  const client = useTidings();
  return useSyncExternalStore(
    (changed) => client.on('state', changed),
    () => client.state,
    () => 'idle',
  );
}
