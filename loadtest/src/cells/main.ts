// `npm run loadtest:cells`: what cells would have to be, by arithmetic on measured costs. Writes its section of docs/capacity.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { replaceSection } from '../report/document.ts';
import { toCellSection } from './table.ts';

const DOCUMENT = 'docs/capacity.md';

const section = toCellSection();
console.log(section);
writeFileSync(DOCUMENT, replaceSection(readFileSync(DOCUMENT, 'utf8'), 'cells', section));
