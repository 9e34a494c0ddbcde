import { createPublisher } from '@tidings/sdk/publisher';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyText } from '../../../test/any-text.ts';
import { toLiteral, toSdkCode } from '../src/page/publish/sdk-code.ts';
import { anyJson } from './any-json.ts';

const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor as new (
  ...parts: string[]
) => (...values: unknown[]) => Promise<void>;

/** Runs the code with the real publisher, and answers the one line that it sends. */
async function lineOf(code: string): Promise<Record<string, unknown>> {
  const lines: Record<string, unknown>[] = [];
  const answer = async (_url: unknown, { body }: { body: string | Uint8Array }): Promise<Response> => {
    for (const line of Buffer.from(body).toString().trim().split('\n')) lines.push(JSON.parse(line));
    const topic = 'a';
    return Response.json(
      { results: lines.map((_, index) => ({ status: 202, index, topic, id: 'x' })) },
      { status: 202 },
    );
  };
  const [head, ...rest] = code.split('\n');
  expect(head).toBe("import { createPublisher } from '@tidings/sdk/publisher';");
  const run = new AsyncFunction('createPublisher', 'process', rest.join('\n'));
  const create = (options: Parameters<typeof createPublisher>[0]) =>
    createPublisher({ ...options, fetch: answer as unknown as typeof fetch });
  await run(create, { env: { TOKEN: 'token' } });
  expect(lines).toHaveLength(1);
  return lines[0] as Record<string, unknown>;
}

const target = fc.oneof(
  fc.record({ topic: anyText({ minLength: 1 }) }),
  fc.record({ topics: fc.array(anyText({ minLength: 1 }), { minLength: 1, maxLength: 3 }) }),
  fc.record({ user: anyText({ minLength: 1 }) }),
);
const options = fc.record(
  {
    event: anyText({ minLength: 1 }),
    ttl: fc.integer({ min: 1, max: 1e9 }),
    store: fc.constant(false),
    final: fc.constant(true),
  },
  { requiredKeys: [] },
);

describe('the code for the SDK', () => {
  test('sends the event that the form would send', async () => {
    const events = fc.record({ target, options, data: anyJson(), id: anyText({ minLength: 1 }) });
    await fc.assert(
      fc.asyncProperty(events, async ({ target, options, data, id }) => {
        const body = { ...target, ...options, data, id };
        expect(await lineOf(toSdkCode("http://localhost:8080/it's", body))).toEqual(body);
      }),
      { numRuns: 200 },
    );
  });

  test('a literal is the value that it stands for, names that mean something in JavaScript included', () => {
    const value = JSON.parse('{"__proto__":{"a":1},"a-b":[[],{}],"constructor":"\\u2028\'\\"\\\\\'","1":null}');
    expect(toLiteral(value)).toContain("['__proto__']: { a: 1 }");
    fc.assert(
      fc.property(fc.oneof(anyJson(), fc.constant(value)), (each) => {
        expect(JSON.stringify(new Function(`return ${toLiteral(each)}`)())).toBe(JSON.stringify(each));
      }),
    );
  });
});
