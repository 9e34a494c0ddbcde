import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError } from '@tidings/runtime';
import { afterAll, describe, expect, it } from 'vitest';
import { openHooks } from '../../src/hook/open-hooks.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidings-hooks-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'hooks.json');
writeFileSync(join(folder, 'secret'), 'from a file\n');
writeFileSync(join(folder, 'blank'), '\n');

const HOOK = { name: 'ci', provider: 'github', secret: { env: 'CI_SECRET' }, topic: 'ci.{/repository/name}' };
const ENV = { CI_SECRET: 'not to be shown' };

function open(content: string | object, env: NodeJS.ProcessEnv = ENV): ReturnType<typeof openHooks> {
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return openHooks(path, env);
}

function problemsOf(content: string | object, env?: NodeJS.ProcessEnv): readonly string[] {
  try {
    open(content, env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

const withFault = (fault: object): object => ({ hooks: [{ ...HOOK, ...fault }] });

describe('the hooks file', () => {
  it('takes a hook of each provider, with several secrets from variables and files', () => {
    const standard = { ...HOOK, name: 'mail', provider: 'standard', secret: { env: 'WHSEC' } };
    const stripe = {
      ...HOOK,
      name: 'stripe_1',
      provider: 'stripe',
      secret: [{ file: 'secret' }, { env: 'CI_SECRET' }],
    };
    const hooks = open({ hooks: [HOOK, standard, stripe] }, { ...ENV, WHSEC: 'whsec_c2VjcmV0' });
    expect([...hooks.keys()]).toEqual(['ci', 'mail', 'stripe_1']);
    expect(hooks.get('ci')).toMatchObject({ tenant: 'default', rule: { when: [], data: [], event: undefined } });
    expect([...hooks.values()].map(({ rule }) => rule.id.places[0]?.text)).toEqual([
      'header:x-github-delivery',
      'header:webhook-id',
      '/id',
    ]);
  });

  it('takes no line end behind a secret for a part of it, of a file or of a variable', () => {
    const body = Buffer.from('{}');
    for (const [secret, plain] of [
      [{ env: 'CI_SECRET' }, 'of a variable'],
      [{ file: 'secret' }, 'from a file'],
    ] as const) {
      const hook = open(withFault({ secret }), { CI_SECRET: 'of a variable\n' }).get('ci');
      const digest = createHmac('sha256', plain).update(body).digest('hex');
      expect(hook?.verify({ headers: { 'x-hub-signature-256': `sha256=${digest}` }, body, nowMs: 0 })).toBeUndefined();
    }
    expect(problemsOf({ hooks: [HOOK] }, { CI_SECRET: '\n' })).toEqual([
      'TIDINGS_HOOKS_FILE: hooks[0] "ci": secret of the variable CI_SECRET is not set, or empty.',
    ]);
  });

  const AT = 'TIDINGS_HOOKS_FILE: hooks[0] "ci"';
  it.each<[string | object, string]>([
    ['{', 'TIDINGS_HOOKS_FILE: The file is not JSON.'],
    ['[]', 'TIDINGS_HOOKS_FILE: The file is not an object.'],
    [{}, 'TIDINGS_HOOKS_FILE: hooks is not a list.'],
    [{ hooks: [] }, 'TIDINGS_HOOKS_FILE: hooks is empty.'],
    [{ hooks: [HOOK], more: 1 }, 'TIDINGS_HOOKS_FILE: The file has an unknown member "more".'],
    [{ hooks: [3] }, 'TIDINGS_HOOKS_FILE: hooks[0] is not an object.'],
    [{ hooks: [HOOK, HOOK] }, 'TIDINGS_HOOKS_FILE: hooks[1] "ci": name stands there twice.'],
    [withFault({ name: 'a b' }), 'TIDINGS_HOOKS_FILE: hooks[0]: name is not 1 to 64 letters, digits, _ and -.'],
    [withFault({ provider: 'gitlab' }), `${AT}: provider is not standard, github or stripe.`],
    [withFault({ topics: 'x' }), `${AT} has an unknown member "topics".`],
    [withFault({ tenant: 'a.b' }), `${AT}: tenant is not the name of a tenant.`],
    [withFault({ topic: undefined }), `${AT}: topic is not a text.`],
    [withFault({ topic: 'a..{/b}' }), `${AT}: topic is not a topic, whatever its values are.`],
    [withFault({ topic: '$hub.{/b}' }), `${AT}: topic is not a topic, whatever its values are.`],
    [withFault({ topic: 'a.{b}' }), `${AT}: topic has {b}, which is no JSON pointer: one begins with /.`],
    [withFault({ event: '{header:a b}' }), `${AT}: event has {header:a b}, which is not the name of a header.`],
    [withFault({ id: '{' }), `${AT}: id has a brace without its other one.`],
    [withFault({ data: 'x' }), `${AT}: data is no JSON pointer: one begins with /.`],
    [withFault({ when: { action: 1 } }), `${AT}: when["action"] is no JSON pointer: one begins with /.`],
    [withFault({ when: { '/a': {} } }), `${AT}: when["/a"] is no value, and no list of values.`],
    [
      withFault({ secret: 'not to be shown' }),
      `${AT}: secret is not {"env": "<variable>"} or {"file": "<path>"}, or a list of them.`,
    ],
    [withFault({ secret: { env: 'MISSING' } }), `${AT}: secret of the variable MISSING is not set, or empty.`],
    [withFault({ secret: { file: 'missing' } }), `${AT}: secret of the file missing can not be read: ENOENT.`],
    [withFault({ secret: { file: 'blank' } }), `${AT}: secret of the file blank is empty.`],
    [
      withFault({ provider: 'standard' }),
      `${AT}: secret is no secret of Standard Webhooks: Base64, with whsec_ before it or without.`,
    ],
  ])('%j is refused at start, with hook and place, and never with a secret', (content, problem) => {
    const problems = problemsOf(content);
    expect(problems).toEqual([problem]);
    expect(problems.join()).not.toContain('not to be shown');
  });

  it('lists the faults of all hooks, and says when it is not there', () => {
    const faults = {
      hooks: [
        { ...HOOK, name: 1 },
        { ...HOOK, data: 'x' },
      ],
    };
    expect(problemsOf(faults)).toHaveLength(2);
    expect(() => openHooks(join(folder, 'nowhere.json'), {})).toThrow('TIDINGS_HOOKS_FILE: ENOENT');
  });
});
