export { type Assignment, type CellAddress, type CellMap, type CellPlan, createCellMap } from './cell-map.ts';
export { parseCellsFile } from './cells-file.ts';
export { createOwnCell, type OwnCell, readOwnCell } from './own-cell.ts';
