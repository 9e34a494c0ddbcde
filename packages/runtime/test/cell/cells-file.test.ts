import { describe, expect, it } from 'vitest';
import { parseCellsFile } from '../../src/cell/cells-file.ts';

const EU = { edge: 'https://eu-1.example.com', ingest: 'https://ingest.eu-1.example.com' };
const US = { edge: 'https://us-1.example.com:8443/', ingest: 'http://10.0.0.1:8080' };
const GOOD = { cells: { 'eu-1': EU, 'us-1': US }, others: ['eu-1'] };

function problemsOf(text: string): string[] {
  try {
    parseCellsFile(text);
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).not.toContain('hunter2');
    expect((error as Error).cause).toBeUndefined();
    return (error as Error).message.split('\n');
  }
  return expect.unreachable() as never;
}

describe('the cells file', () => {
  it('says where cells are, and whom each serves', () => {
    const tenants = { acme: 'eu-1', big: { usersOver: ['eu-1', 'us-1'] }, constructor: 'us-1' };
    const plan = parseCellsFile(JSON.stringify({ ...GOOD, tenants }));
    expect(Object.fromEntries(plan.cells)).toEqual({
      'eu-1': EU,
      'us-1': { edge: 'https://us-1.example.com:8443', ingest: 'http://10.0.0.1:8080' },
    });
    expect(Object.fromEntries(plan.tenants)).toEqual(tenants);
    expect(plan.others).toEqual(['eu-1']);
    expect(parseCellsFile(JSON.stringify(GOOD)).tenants.size).toBe(0);
  });

  const withEdge = (edge: unknown): object => ({ ...GOOD, cells: { 'eu-1': { ...EU, edge } } });
  const BAD_URL = 'cells.eu-1.edge is not an http(s) URL of a host and nothing behind it.';

  it.each<[string, unknown, string[]]>([
    [
      'a list',
      [],
      ['The file is not an object.', 'cells is not an object of names.', 'others is not a list of one cell or more.'],
    ],
    ['an unknown member', { ...GOOD, secret: 'hunter2' }, ['The file has an unknown member "secret".']],
    [
      'an unknown member of a cell',
      { ...GOOD, cells: { 'eu-1': { ...EU, x: 'hunter2' } } },
      ['cells.eu-1 has an unknown member "x".'],
    ],
    [
      'a cell without an ingest',
      { ...GOOD, cells: { 'eu-1': { edge: EU.edge } } },
      ['cells.eu-1.ingest is not an http(s) URL of a host and nothing behind it.'],
    ],
    [
      'a cell that is no name',
      { cells: { EU_1: EU }, others: ['EU_1'] },
      ['cells.EU_1 is not named as a cell is: lower case letters, digits and hyphens.'],
    ],
    ['a URL that is none', withEdge('hunter2'), [BAD_URL]],
    ['a URL of another scheme', withEdge('nats://hunter2'), [BAD_URL]],
    ['a URL with a user', withEdge('https://hunter2@example.com'), [BAD_URL]],
    ['a URL with a path', withEdge('https://example.com/hunter2'), [BAD_URL]],
    ['a URL with a query', withEdge('https://example.com/?hunter2'), [BAD_URL]],
    ['a tenant of no cell', { ...GOOD, tenants: { acme: 'hunter2' } }, ['tenants.acme names no cell of the file.']],
    [
      'a tenant that can not be one',
      { ...GOOD, tenants: { 'a.b': 'eu-1' } },
      ['tenants.a.b is not the name of a tenant.'],
    ],
    [
      'a tenant of a number',
      { ...GOOD, tenants: { acme: 7 } },
      ['tenants.acme is not an object.', 'tenants.acme.usersOver is not a list of one cell or more.'],
    ],
    [
      'a tenant with more to say',
      { ...GOOD, tenants: { acme: { usersOver: ['eu-1'], x: 1 } } },
      ['tenants.acme has an unknown member "x".'],
    ],
    [
      'users over a cell that is none',
      { ...GOOD, tenants: { acme: { usersOver: ['eu-1', 'hunter2'] } } },
      ['tenants.acme.usersOver[1] names no cell of the file.'],
    ],
    [
      'users over a cell twice',
      { ...GOOD, tenants: { acme: { usersOver: ['eu-1', 'eu-1'] } } },
      ['tenants.acme.usersOver[1] stands there twice.'],
    ],
    ['nobody for others', { ...GOOD, others: [] }, ['others is not a list of one cell or more.']],
    ['others over no cell', { ...GOOD, others: ['eu-1', 7] }, ['others[1] names no cell of the file.']],
  ])('%s is one clear line that quotes no value', (_name, value, problems) => {
    const found = problemsOf(JSON.stringify(value));
    expect(found).toEqual(problems);
  });

  it('tells every fault at once, and a cell with a bad URL is still a cell', () => {
    expect(problemsOf(JSON.stringify({ ...withEdge(7), tenants: { acme: 'eu-1', b: 'eu-9' }, more: 1 }))).toEqual([
      'The file has an unknown member "more".',
      BAD_URL,
      'tenants.b names no cell of the file.',
    ]);
  });

  it.each(['', 'hunter2', '{"cells":hunter2}'])('the text %j is not JSON', (text) => {
    expect(problemsOf(text)).toEqual(['The file is not JSON.']);
  });
});
