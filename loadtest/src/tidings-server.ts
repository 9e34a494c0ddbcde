import { mintToken } from '@tidings/auth';
import { startHub } from '@tidings/hub';
import { createLogger, loadSettings, systemClock } from '@tidings/runtime';
import { answerUsage } from './usage.ts';

// The hub as `npm start` runs it, log lines included; they go to /dev/null here.
const secret = 'a secret for benchmarks only of 32 bytes or more';
const settings = loadSettings({ PORT: '0', TIDINGS_ADMIN_PORT: '0', TIDINGS_JWT_SECRET: secret });
const hub = await startHub(settings, createLogger('hub', 'info'));
const grants = { subscribe: ['bench.*'], publish: ['bench.*'] };
const token = await mintToken(secret, { sub: 'bench', tidings: grants }, 3_600, systemClock);
answerUsage();
process.send?.({ type: 'ready', port: Number(new URL(hub.url).port), token });
