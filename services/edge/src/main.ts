import { runServiceProcess } from '@tidings/runtime';
import { startEdge } from './edge-service.ts';

await runServiceProcess('edge', { shared: true }, startEdge);
