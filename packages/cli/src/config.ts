import { type Command, createCommand } from './command.ts';
import { print } from './io.ts';

/** `tidings config`: every variable, its default and its meaning: those of the services, then those of these commands. */
export const configCommand: Command = createCommand({
  name: 'config',
  description: 'Print every environment variable, its default and meaning.',
  examples: ['tidings config', 'tidings config | grep RATE'],
  async run({ io }) {
    const { COMMAND_LINE_VARIABLES, VARIABLES } = await import('@tidings/runtime');
    const all = [...VARIABLES, ...COMMAND_LINE_VARIABLES];
    const width = Math.max(...all.map(({ name }) => name.length));
    for (const { name, fallback, meaning } of all) {
      print(io, `${name.padEnd(width)}  ${meaning}${fallback === undefined ? '' : ` Default: ${fallback}.`}`);
    }
  },
});
