import { VARIABLES } from '@tidings/runtime';
import { type CommandDef, defineCommand } from 'citty';

/** `tidings config`: every variable of the services, its default and its meaning. */
export const configCommand: CommandDef = defineCommand({
  meta: { name: 'config', description: 'Print every environment variable, its default and meaning.' },
  run() {
    const width = Math.max(...VARIABLES.map(({ name }) => name.length));
    for (const { name, fallback, meaning } of VARIABLES) {
      console.log(`${name.padEnd(width)}  ${meaning}${fallback === undefined ? '' : ` Default: ${fallback}.`}`);
    }
  },
});
