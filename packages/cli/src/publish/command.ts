import { type Command, createCommand } from '../command.ts';

export const publishCommand: Command = createCommand({ name: 'publish', description: 'x.', examples: [], run() {} });
