/**
 * `pnpm economics`: runs the simulation and writes its figures into docs/economics.md and docs/economics.svg.
 * The economy's tests run it again and compare.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { computeFigures } from './figures.ts';
import { blocks, fillPage } from './page.ts';
import { incomePlot } from './plot.ts';

const docs = new URL('../../../docs/', import.meta.url);
const page = new URL('economics.md', docs);
const figures = computeFigures();
writeFileSync(page, fillPage(readFileSync(page, 'utf8'), blocks(figures)));
writeFileSync(new URL('economics.svg', docs), incomePlot(figures.mixed.incomes));
console.log('wrote docs/economics.md and docs/economics.svg');
