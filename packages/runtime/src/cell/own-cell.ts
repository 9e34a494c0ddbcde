import { readFileSync } from 'node:fs';
import { TidingsError } from '@tidings/protocol';
import { ConfigurationError, type Settings } from '../settings.ts';
import { type CellAddress, type CellMap, createCellMap } from './cell-map.ts';
import { parseCellsFile } from './cells-file.ts';

/** The cell that a process belongs to, as its requests are held against it (ADR 0030). */
export interface OwnCell {
  /** @throws TidingsError `wrong-cell` when another cell serves the tenant, with the URL of its server as `host`. */
  assertTenant(tenant: string): void;
  /**
   * The same of topics and patterns, of which all must live here.
   * @throws TidingsError `wrong-cell` for the first that does not.
   */
  assertTopics(tenant: string, topicsOrPatterns: readonly string[]): void;
}

/** Which of a cell's servers is to be asked for the same request. */
type Role = keyof CellAddress;

/** @param name of the own cell, one of the map's. */
export function createOwnCell(map: CellMap, name: string, role: Role): OwnCell {
  function refusal(serving: readonly string[], topic?: string): TidingsError {
    const host = map.cells.get(serving[0] ?? '')?.[role];
    const whom = topic === undefined ? 'this tenant' : `${topic} of this tenant`;
    return new TidingsError('wrong-cell', `Another cell serves ${whom}: ask ${host}.`, {
      ...(host !== undefined && { host }),
      ...(topic !== undefined && { topic }),
    });
  }

  return {
    assertTenant(tenant) {
      const serving = map.cellsOfTenant(tenant);
      if (!serving.includes(name)) throw refusal(serving);
    },
    assertTopics(tenant, topicsOrPatterns) {
      for (const topic of topicsOrPatterns) {
        const serving = map.cellsOfTopic(tenant, topic);
        if (!serving.includes(name)) throw refusal(serving, topic);
      }
    },
  };
}

/**
 * The own cell of a process; `undefined` where the settings name no cells file.
 * @throws ConfigurationError with a line for each fault of the file, or when it has no such cell.
 */
export function readOwnCell(
  { cellsFile, cell }: Pick<Settings, 'cellsFile' | 'cell'>,
  role: Role,
): OwnCell | undefined {
  if (cellsFile === undefined || cell === undefined) return undefined;
  const map = readCellMap(cellsFile);
  if (!map.cells.has(cell)) throw new ConfigurationError(['TIDINGS_CELL: is no cell of TIDINGS_CELLS_FILE']);
  return createOwnCell(map, cell, role);
}

function readCellMap(path: string): CellMap {
  try {
    return createCellMap(parseCellsFile(readFileSync(path, 'utf8')));
  } catch (error) {
    const lines = (error as Error).message.split('\n');
    throw new ConfigurationError(lines.map((line) => `TIDINGS_CELLS_FILE: ${line}`));
  }
}
