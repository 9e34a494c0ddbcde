/** What servers and streams of this run do beside what a scenario wants of them: nothing, unless a run says so. */
export interface Beside {
  /** Settings of Tidings' services. */
  readonly env: NodeJS.ProcessEnv;
  /** Goes on the query of every stream. */
  query: string;
  /** The topics of streams that have one each. */
  ownTopic: string;
}

export const beside: Beside = { env: {}, query: '', ownTopic: 'own.{n}' };
