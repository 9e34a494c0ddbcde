import { isTenant } from '@tidings/protocol';
import type { Assignment, CellAddress, CellPlan } from './cell-map.ts';

// A label of a host name, since cells are mostly known by their hosts.
const CELL_NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Takes note of a fault at a place of the file. */
type Note = (place: string, fault: string) => void;

/**
 * Reads the cells file: `{ "cells": { name: { "edge", "ingest" } }, "tenants"?: { tenant: name or { "usersOver": [name] } },
 * "others": [name] }`. URLs come out as origins, without a slash at the end.
 * @throws TypeError that lists every problem, one a line, and quotes no value of the file but its names.
 */
export function parseCellsFile(jsonText: string): CellPlan {
  const problems: string[] = [];
  const note: Note = (place, fault) => void problems.push(`${place} ${fault}.`);
  const file = membersOf(parseJson(jsonText), 'The file', ['cells', 'tenants', 'others'], note);
  const named = membersOf(file.get('cells'), 'cells', undefined, note);
  const isCell = (name: string): boolean => named.has(name);
  const cells = readCells(named, note);
  const tenants = file.has('tenants') ? readTenants(file.get('tenants'), isCell, note) : new Map<string, Assignment>();
  const others = readList(file.get('others'), 'others', isCell, note);
  if (problems.length > 0) throw new TypeError(problems.join('\n'));
  return { cells, tenants, others };
}

function readCells(named: ReadonlyMap<string, unknown>, note: Note): Map<string, CellAddress> {
  const cells = new Map<string, CellAddress>();
  for (const [name, cell] of named) {
    const place = `cells.${name}`;
    if (!CELL_NAME.test(name)) note(place, 'is not named as a cell is: lower case letters, digits and hyphens');
    const members = membersOf(cell, place, ['edge', 'ingest'], note);
    const [edge, ingest] = ['edge', 'ingest'].map((part) => toOrigin(members.get(part)));
    if (edge === undefined) note(`${place}.edge`, ADDRESS_FAULT);
    if (ingest === undefined) note(`${place}.ingest`, ADDRESS_FAULT);
    if (edge !== undefined && ingest !== undefined) cells.set(name, { edge, ingest });
  }
  return cells;
}

const ADDRESS_FAULT = 'is not an http(s) URL of a host and nothing behind it';

function toOrigin(value: unknown): string | undefined {
  if (typeof value !== 'string' || !URL.canParse(value)) return undefined;
  const { origin, href, protocol } = new URL(value);
  return /^https?:$/.test(protocol) && href === `${origin}/` ? origin : undefined;
}

function readTenants(value: unknown, isCell: (name: string) => boolean, note: Note): Map<string, Assignment> {
  const tenants = new Map<string, Assignment>();
  for (const [tenant, assigned] of membersOf(value, 'tenants', undefined, note)) {
    const place = `tenants.${tenant}`;
    if (!isTenant(tenant)) note(place, 'is not the name of a tenant');
    if (typeof assigned === 'string') {
      if (!isCell(assigned)) note(place, 'names no cell of the file');
      tenants.set(tenant, assigned);
    } else {
      const members = membersOf(assigned, place, ['usersOver'], note);
      tenants.set(tenant, { usersOver: readList(members.get('usersOver'), `${place}.usersOver`, isCell, note) });
    }
  }
  return tenants;
}

function readList(value: unknown, place: string, isCell: (name: string) => boolean, note: Note): readonly string[] {
  if (!Array.isArray(value) || value.length === 0) {
    note(place, 'is not a list of one cell or more');
    return [];
  }
  for (const [at, name] of value.entries()) {
    if (typeof name !== 'string' || !isCell(name)) note(`${place}[${at}]`, 'names no cell of the file');
    else if (value.indexOf(name) !== at) note(`${place}[${at}]`, 'stands there twice');
  }
  return value as string[];
}

// A map, since a tenant may have the name of something that every object has.
function membersOf(
  value: unknown,
  place: string,
  known: readonly string[] | undefined,
  note: Note,
): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    note(place, known === undefined ? 'is not an object of names' : 'is not an object');
    return new Map();
  }
  for (const name of Object.keys(value)) {
    if (known?.includes(name) === false) note(place, `has an unknown member ${JSON.stringify(name)}`);
  }
  return new Map(Object.entries(value));
}

function parseJson(jsonText: string): unknown {
  try {
    return JSON.parse(jsonText);
  } catch {
    // Without the cause: it quotes the text.
    throw new TypeError('The file is not JSON.');
  }
}
