import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseCell, TidingsError, toUserTopic } from '@tidings/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCellMap } from '../../src/cell/cell-map.ts';
import { createOwnCell, readOwnCell } from '../../src/cell/own-cell.ts';
import { ConfigurationError } from '../../src/settings.ts';

const NAMES = ['eu-1', 'eu-2', 'us-1'];
const MAP = createCellMap({
  cells: new Map(
    NAMES.map((name) => [name, { edge: `https://${name}.example`, ingest: `https://in.${name}.example` }]),
  ),
  tenants: new Map<string, string | { usersOver: string[] }>([
    ['acme', 'eu-1'],
    ['big', { usersOver: ['eu-1', 'eu-2'] }],
  ]),
  others: ['eu-2', 'us-1'],
});

function refusalOf(run: () => void): TidingsError | undefined {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(TidingsError);
    return error as TidingsError;
  }
  return undefined;
}

/** Names of the cells that take a topic of a tenant. */
const takers = (tenant: string, topic: string): string[] =>
  NAMES.filter((name) => refusalOf(() => createOwnCell(MAP, name, 'edge').assertTopics(tenant, [topic])) === undefined);

describe('the cell of a tenant', () => {
  it('is the one that the file names, for all of its topics', () => {
    expect(MAP.cellsOfTenant('acme')).toEqual(['eu-1']);
    for (const topic of ['orders.1', 'user.alice', '>', '$hub.audit']) expect(takers('acme', topic)).toEqual(['eu-1']);
  });

  it('is chosen among the others for a tenant without a line, and all its users are there', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{3,12}$/), (tenant) => {
        fc.pre(tenant !== 'acme' && tenant !== 'big');
        const chosen = chooseCell(['eu-2', 'us-1'], tenant);
        expect(MAP.cellsOfTenant(tenant)).toEqual([chosen]);
        expect(takers(tenant, 'user.alice')).toEqual([chosen]);
      }),
    );
  });

  it('is that of the user where users are spread, and each of them for whatever is no one user’s', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\w.*>%é@-]{1,20}$/), (user) => {
        const topic = toUserTopic(user);
        const chosen = chooseCell(['eu-1', 'eu-2'], topic.slice('user.'.length));
        expect([topic, `${topic}.inbox`, `${topic}.>`].map((each) => takers('big', each))).toEqual(
          Array(3).fill([chosen]),
        );
      }),
    );
    for (const topic of ['news', 'user', 'user.*', 'user.>', 'user.*.inbox', 'users.alice', '>', '$hub.audit']) {
      expect(takers('big', topic), topic).toEqual(['eu-1', 'eu-2']);
    }
  });
});

describe('a process of another cell', () => {
  it('refuses, and says which server of the right one to ask', () => {
    const edge = createOwnCell(MAP, 'us-1', 'edge');
    const ingest = createOwnCell(MAP, 'us-1', 'ingest');
    expect(refusalOf(() => edge.assertTenant('acme'))).toMatchObject({
      code: 'wrong-cell',
      message: 'Another cell serves this tenant: ask https://eu-1.example.',
      details: { host: 'https://eu-1.example' },
    });
    expect(refusalOf(() => ingest.assertTopics('acme', ['orders.1']))).toMatchObject({
      message: 'Another cell serves orders.1 of this tenant: ask https://in.eu-1.example.',
      details: { host: 'https://in.eu-1.example', topic: 'orders.1' },
    });
  });

  it('names the first topic that lives elsewhere, though others live here', () => {
    const users = ['e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'].map((user) => toUserTopic(user));
    const foreign = users.find((topic) => takers('big', topic)[0] === 'eu-2') as string;
    const own = users.find((topic) => takers('big', topic)[0] === 'eu-1') as string;
    const refusal = refusalOf(() => createOwnCell(MAP, 'eu-1', 'edge').assertTopics('big', ['news', own, foreign]));
    expect(refusal?.details).toEqual({ host: 'https://eu-2.example', topic: foreign });
  });
});

describe('the settings of a cell', () => {
  let folder: string;
  const write = (name: string, value: unknown): string => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(value));
    return path;
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tidings-cells-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const problemsOf = (cellsFile: string, cell: string): readonly string[] => {
    try {
      readOwnCell({ cellsFile, cell }, 'edge');
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigurationError);
      return (error as ConfigurationError).problems;
    }
    return [];
  };

  it('name a cell of a file, or there is none', () => {
    const good = write('good.json', {
      cells: { a: { edge: 'https://a.example', ingest: 'https://a.example' } },
      others: ['a'],
    });
    expect(readOwnCell({ cellsFile: undefined, cell: undefined }, 'edge')).toBeUndefined();
    expect(readOwnCell({ cellsFile: good, cell: 'a' }, 'edge')?.assertTenant('acme')).toBeUndefined();
    expect(problemsOf(good, 'b')).toEqual(['TIDINGS_CELL: is no cell of TIDINGS_CELLS_FILE']);
  });

  it('are refused with every fault of the file, a line each', () => {
    expect(problemsOf(write('bad.json', { cells: {}, others: ['a'], x: 1 }), 'a')).toEqual([
      'TIDINGS_CELLS_FILE: The file has an unknown member "x".',
      'TIDINGS_CELLS_FILE: others[0] names no cell of the file.',
    ]);
    expect(problemsOf(join(folder, 'missing.json'), 'a')[0]).toMatch(/^TIDINGS_CELLS_FILE: ENOENT/);
  });
});
