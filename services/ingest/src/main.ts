import { runServiceProcess } from '@tidings/runtime';
import { startIngest } from './ingest.ts';

await runServiceProcess('ingest', { shared: true }, startIngest);
