import type { EventBody } from '../curl.ts';
import { toVisibleJson } from '../visible-json.ts';

/**
 * A module that publishes an event with the SDK.
 * @param origin of the hub.
 */
export function toSdkCode(origin: string, body: EventBody): string {
  return `import { createPublisher } from '@tidings/sdk/publisher';

const publisher = createPublisher({ url: ${toLiteral(origin)}, token: process.env.TOKEN });
${toCall(body)}
`;
}

function toCall({ topic, topics, user, data, ...options }: EventBody): string {
  if (topics !== undefined) {
    return `await publisher.publishMany([${toLiteral({ topics, data, ...options })}]);`;
  }
  const [method, target] = user === undefined ? ['publish', topic] : ['publishToUser', user];
  const values = Object.keys(options).length > 0 ? [target, data, options] : [target, data];
  return `await publisher.${method}(${values.map((value) => toLiteral(value)).join(', ')});`;
}

/** A JSON value as JavaScript. */
export function toLiteral(value: unknown, indent = ''): string {
  if (typeof value === 'string') return toQuoted(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const isList = Array.isArray(value);
  const inner = `${indent}  `;
  const parts = isList
    ? value.map((each) => toLiteral(each, inner))
    : Object.entries(value).map(([name, each]) => `${toName(name)}: ${toLiteral(each, inner)}`);
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  if (parts.length === 0) return open + close;
  const line = isList ? `[${parts.join(', ')}]` : `{ ${parts.join(', ')} }`;
  if (line.length <= MOST_OF_A_LINE && !line.includes('\n')) return line;
  return `${open}\n${parts.map((part) => `${inner}${part},\n`).join('')}${indent}${close}`;
}

const MOST_OF_A_LINE = 80;

function toName(name: string): string {
  // In a literal this name alone sets the prototype and no member, unless it is computed.
  if (name === '__proto__') return "['__proto__']";
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : toQuoted(name);
}

// As JSON has it, which is JavaScript too, in the quotes that one reads more easily.
function toQuoted(text: string): string {
  const inner = toVisibleJson(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${inner}'`;
}
