// What `npm run dev:cluster` answers itself, before its balancer passes anything on: the demo, and what the console asks
// for in development.
import { createDevelopmentRoutes } from '@tidings/console';
import { createDevelopmentPages } from '@tidings/hub';
import {
  createClientAddress,
  createLogger,
  createRequestListener,
  createServiceApp,
  systemClock,
} from '@tidings/runtime';

/**
 * @param {object} parts
 * @param {string} parts.secret
 * @param {() => string} parts.hubUrl Where clients find the deployment.
 * @param {(session: string) => boolean} parts.cut
 * @param {readonly string[]} parts.edges Their names.
 * @param {(name: string, signal: NodeJS.Signals) => Promise<void>} parts.endEdge Ends one, and starts it again.
 * @param {() => Promise<string>} parts.stepDown Resolves with the name of the server that led.
 */
export function createClusterPages({ secret, hubUrl, cut, edges, endEdge, stepDown }) {
  const log = createLogger('pages', 'warn');
  const { demo, tools } = createDevelopmentPages({
    secret,
    clock: systemClock,
    log,
    hubUrl,
    cut,
    faults: [
      {
        name: 'kill-edge',
        targets: edges,
        async run(name) {
          await endEdge(name, 'SIGKILL');
          return `${name} was killed, and is back.`;
        },
      },
      {
        name: 'restart-edge',
        targets: edges,
        async run(name) {
          await endEdge(name, 'SIGTERM');
          return `${name} sent its streams elsewhere, ended, and is back.`;
        },
      },
      {
        name: 'step-down',
        run: async () => `${await stepDown()} led the stream, and stepped down.`,
      },
    ],
  });
  const app = createServiceApp({ log, clientAddress: createClientAddress([]), corsOrigin: () => undefined });
  app.route('/', demo.routes);
  app.route('/', createDevelopmentRoutes(tools));
  const listener = createRequestListener(app.fetch, log);
  return {
    /** Answers a request for one of these pages, and says so. */
    answer(incoming, outgoing) {
      const [path = ''] = (incoming.url ?? '').split('?');
      if (!/^\/(demo|console\/development)(\/|$)/.test(path)) return false;
      listener(incoming, outgoing);
      return true;
    },
    close: () => demo.close(),
  };
}
