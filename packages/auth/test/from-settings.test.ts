import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError, createMetrics, loadSettings } from '@tidings/runtime';
import { createFakeClock } from '@tidings/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AccessControl, createAccessControl } from '../src/from-settings.ts';
import { ec, OTHER_SECRET, rsa, SECRET, sign, toPem } from './keys.ts';

const clock = createFakeClock();
const metrics = createMetrics();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidings-auth-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function control(env: NodeJS.ProcessEnv, secrets?: readonly string[]): AccessControl {
  const settings = loadSettings(env);
  return createAccessControl(settings, secrets ?? settings.jwtSecrets, metrics, clock);
}

function problemsOf(env: NodeJS.ProcessEnv, secrets?: readonly string[]): readonly string[] {
  try {
    control(env, secrets);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).not.toContain('hunter2');
    return (error as ConfigurationError).problems;
  }
  return expect.unreachable() as never;
}

/** Whether the access control takes the token. */
async function takes({ authenticator }: AccessControl, token: string, headers: object = {}): Promise<boolean> {
  const authorization = `Bearer ${token}`;
  const incoming = { headers: { authorization, ...headers }, rawHeaders: ['Authorization', authorization] };
  return authenticator.authenticate(incoming, new Map()).then(
    () => true,
    () => false,
  );
}

const claims = (change: object = {}): object => ({ sub: 'alice', exp: clock.now() / 1000 + 60, ...change });

describe('createAccessControl', () => {
  it('section 9: takes tokens of every secret, and of the public key, as PEM text or as the path of a file', async () => {
    const [first, second] = ['the first of two secrets of 32 bytes', 'the second of two secrets of 32 bytes'];
    const secrets = control({ TIDINGS_JWT_SECRET: `${first},${second}` });
    expect(await takes(secrets, await sign(claims(), first))).toBe(true);
    expect(await takes(secrets, await sign(claims(), second))).toBe(true);
    expect(await takes(secrets, await sign(claims(), 'a third secret that nobody has configured'))).toBe(false);
    const token = await sign(claims(), ec.privateKey, { alg: 'ES256' });
    for (const key of [toPem(ec.publicKey), file('key.pem', toPem(ec.publicKey))]) {
      expect(await takes(control({ TIDINGS_JWT_PUBLIC_KEY: key }), token)).toBe(true);
    }
    expect(await takes(control({ TIDINGS_JWT_PUBLIC_KEY: toPem(rsa.publicKey) }), token)).toBe(false);
  });

  it('the secrets that it is given count, and not those of the settings', async () => {
    const access = control({}, [OTHER_SECRET]);
    expect(await takes(access, await sign(claims(), OTHER_SECRET))).toBe(true);
    expect(await takes(access, await sign(claims()))).toBe(false);
  });

  it('section 9: issuer, audience and the longest age are those of the settings', async () => {
    const access = control({ TIDINGS_JWT_ISSUER: 'login', TIDINGS_JWT_AUDIENCE: 'hub', TIDINGS_MAX_TOKEN_AGE: '100' }, [
      SECRET,
    ]);
    const good = { iss: 'login', aud: 'hub' };
    expect(await takes(access, await sign(claims(good)))).toBe(true);
    expect(await takes(access, await sign(claims({ ...good, iss: 'other' })))).toBe(false);
    expect(await takes(access, await sign(claims({ ...good, aud: 'other' })))).toBe(false);
    expect(await takes(access, await sign(claims({ ...good, exp: clock.now() / 1000 + 106 })))).toBe(false);
  });

  it('section 9: the cookie name, the origins and production reach the authenticator', async () => {
    const env = {
      TIDINGS_COOKIE_NAME: 'session',
      TIDINGS_ALLOWED_ORIGINS: 'https://app.example, capacitor://localhost',
    };
    const { authenticator } = control(env, [SECRET]);
    const origin = (value: string): string | undefined =>
      authenticator.corsOrigin({ headers: { origin: value, host: 'hub.example' }, rawHeaders: [] });
    expect(origin('https://app.example')).toBe('https://app.example');
    expect(origin('capacitor://localhost')).toBe('capacitor://localhost');
    expect(origin('https://evil.example')).toBeUndefined();
    const asks = (access: AccessControl, cookie: string): Promise<boolean> => {
      const headers = { cookie, 'sec-fetch-site': 'same-origin' };
      return access.authenticator
        .authenticate({ headers, rawHeaders: [] }, new Map())
        .then(({ anonymous }) => !anonymous);
    };
    const token = await sign(claims());
    expect(await asks(control(env, [SECRET]), `session=${token}`)).toBe(true);
    const production = control(
      { ...env, NODE_ENV: 'production', TIDINGS_JWT_SECRET: 'any secret of 32 bytes or more will do' },
      [SECRET],
    );
    expect(await asks(production, `session=${token}`)).toBe(false);
    expect(await asks(production, `__Host-session=${token}`)).toBe(true);
  });

  it('section 9: every refusal is counted by its reason', async () => {
    const own = createMetrics();
    const access = createAccessControl(loadSettings({}), [SECRET], own, clock);
    await takes(access, 'x');
    await takes(access, await sign(claims(), OTHER_SECRET));
    access.authenticator.missingToken();
    const text = await own.text();
    for (const reason of ['malformed', 'bad-signature', 'missing']) {
      expect(text).toContain(`tidings_auth_failures_total{reason="${reason}"} 1`);
    }
  });

  it('section 2: reads the topic classes file; without one nothing is public', () => {
    expect(control({}, [SECRET]).classes.hasPublic).toBe(false);
    const path = file('topics.json', '{"news.>":{"public":true,"ttl":60},"typing":{"store":false}}');
    const { classes } = control({ TIDINGS_TOPICS_FILE: path }, [SECRET]);
    expect(classes.classOf('news.a')).toEqual({ public: true, ttl: 60 });
    expect(classes.classOf('typing')).toEqual({ public: false, store: false });
  });

  it.each<readonly [string, () => { env?: NodeJS.ProcessEnv; secrets?: string[] }, string]>([
    ['no key at all', () => ({}), 'TIDINGS_JWT_SECRET'],
    ['a secret too short', () => ({ secrets: ['hunter2'] }), 'TIDINGS_JWT_SECRET'],
    ['a PEM key as a secret', () => ({ secrets: [`-----BEGIN PRIVATE KEY-----hunter2`] }), 'TIDINGS_JWT_SECRET'],
    [
      'a private key as the public one',
      () => ({ env: { TIDINGS_JWT_PUBLIC_KEY: ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() } }),
      'TIDINGS_JWT_PUBLIC_KEY',
    ],
    [
      'a damaged public key',
      () => ({ env: { TIDINGS_JWT_PUBLIC_KEY: '-----BEGIN PUBLIC KEY-----\nhunter2\n-----END PUBLIC KEY-----' } }),
      'TIDINGS_JWT_PUBLIC_KEY',
    ],
    [
      'a secret in place of a key file',
      () => ({ env: { TIDINGS_JWT_PUBLIC_KEY: 'hunter2' } }),
      'TIDINGS_JWT_PUBLIC_KEY',
    ],
    [
      'a key file that is not there',
      () => ({ env: { TIDINGS_JWT_PUBLIC_KEY: join(folder, 'nowhere.pem') } }),
      'TIDINGS_JWT_PUBLIC_KEY',
    ],
    ['a key file that is a folder', () => ({ env: { TIDINGS_JWT_PUBLIC_KEY: folder } }), 'TIDINGS_JWT_PUBLIC_KEY'],
    [
      'a key file that holds no key',
      () => ({ env: { TIDINGS_JWT_PUBLIC_KEY: file('noise.pem', 'hunter2') } }),
      'TIDINGS_JWT_PUBLIC_KEY',
    ],
    [
      'a JWKS URL with a password',
      () => ({ env: { TIDINGS_JWKS_URL: 'https://user:hunter2@login.example/keys' } }),
      'TIDINGS_JWKS_URL',
    ],
    [
      'a topics file that is not there',
      () => ({ env: { TIDINGS_TOPICS_FILE: join(folder, 'nowhere.json') }, secrets: [SECRET] }),
      'TIDINGS_TOPICS_FILE',
    ],
    [
      'a topics file that is no JSON',
      () => ({ env: { TIDINGS_TOPICS_FILE: file('bad.json', '{"a":') }, secrets: [SECRET] }),
      'TIDINGS_TOPICS_FILE',
    ],
  ])('section 9: %s is one line that names its variable and no secret', (_name, make, variable) => {
    const { env = {}, secrets } = make();
    const problems = problemsOf(env, secrets);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(variable);
    expect(problems[0]).not.toContain('\n');
  });

  const issuersFile = (...issuers: object[]): string => file('issuers.json', JSON.stringify({ issuers }));
  const ISSUER = 'https://id.acme.example';

  it('section 9: the issuers file names keys by PEM text, by a path from its own folder, or by a URL, and is enough by itself', async () => {
    const token = await sign(claims({ iss: ISSUER }), ec.privateKey, { alg: 'ES256' });
    file('acme.pem', toPem(ec.publicKey));
    for (const publicKey of [toPem(ec.publicKey), 'acme.pem', join(folder, 'acme.pem')]) {
      const env = { NODE_ENV: 'production', TIDINGS_ISSUERS_FILE: issuersFile({ issuer: ISSUER, publicKey }) };
      const access = control(env);
      expect(await takes(access, token)).toBe(true);
      expect(await takes(access, await sign(claims({ iss: ISSUER })))).toBe(false);
      expect(await takes(access, await sign(claims()))).toBe(false);
    }
  });

  it('section 9: the issuers file stands beside the plain keys, with an audience and tenants for each', async () => {
    const entry = { issuer: ISSUER, publicKey: toPem(ec.publicKey), audience: 'hub', tenants: ['acme'] };
    const env = { TIDINGS_ISSUERS_FILE: issuersFile(entry), TIDINGS_JWT_ISSUER: 'login' };
    const access = control(env, [SECRET]);
    const ofAcme = (change: object): Promise<string> =>
      sign(claims({ iss: ISSUER, aud: 'hub', ...change }), ec.privateKey, { alg: 'ES256' });
    expect(await takes(access, await ofAcme({}))).toBe(true);
    expect(await takes(access, await ofAcme({ aud: 'other' }))).toBe(false);
    expect(await takes(access, await ofAcme({ tenant: 'other' }))).toBe(false);
    expect(await takes(access, await sign(claims({ iss: 'login', tenant: 'other' })))).toBe(true);
    expect(await takes(access, await sign(claims()))).toBe(false);
  });

  it('section 9: every fault of the issuers file is one line that names its place and no secret', () => {
    const privateKey = ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const path = issuersFile(
      { issuer: 'one', publicKey: 'hunter2' },
      { issuer: 'two', publicKey: privateKey },
      { issuer: 'three', jwksUrl: 'ftp://hunter2' },
      { issuer: 'four', jwksUrl: 'https://user:hunter2@id.example/' },
      { issuer: 'login', publicKey: toPem(ec.publicKey) },
      { issuer: 'good', publicKey: toPem(ec.publicKey) },
    );
    const problems = problemsOf({ TIDINGS_ISSUERS_FILE: path, TIDINGS_JWT_ISSUER: 'login' }, ['hunter2']);
    expect(problems).toHaveLength(6);
    for (const [place, problem] of problems.slice(1).entries()) {
      expect(problem).toMatch(new RegExp(`^TIDINGS_ISSUERS_FILE: issuers\\[${place}\\]: .+\\.$`));
      expect(problem).not.toContain(privateKey.split('\n')[1]);
    }
    const shapes = file('shapes.json', '{"issuers":[{"issuer":"x","secret":"hunter2"}]}');
    for (const bad of [join(folder, 'nowhere.json'), folder, file('hunter.json', 'hunter2'), shapes]) {
      expect(problemsOf({ TIDINGS_ISSUERS_FILE: bad }, [SECRET])).toEqual([
        expect.stringMatching(/^TIDINGS_ISSUERS_FILE: .+/),
      ]);
    }
  });

  it('section 9: an origin that is none is named, should the settings let it through', () => {
    const settings = { ...loadSettings({}), allowedOrigins: ['https://app.example', '*'] };
    expect(() => createAccessControl(settings, [SECRET], metrics, clock)).toThrow(/TIDINGS_ALLOWED_ORIGINS: .*"\*"/);
  });

  it('section 9: all faults are told at once, one line for each, those of a file included', () => {
    const path = file('faults.json', '{"a..b":{},"c":{"ttl":0},"d":{"oops":1}}');
    const problems = problemsOf({ TIDINGS_TOPICS_FILE: path }, ['hunter2']);
    expect(problems).toHaveLength(4);
    expect(problems.filter((line) => line.startsWith('TIDINGS_TOPICS_FILE: '))).toHaveLength(3);
    expect(problems.filter((line) => line.startsWith('TIDINGS_JWT_SECRET'))).toHaveLength(1);
  });
});
