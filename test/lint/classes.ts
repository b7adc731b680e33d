/**
 * Part of `pnpm lint`: no class of the node, its services or the apps is longer than 200 lines. A longer one does several
 * things: give each its own class or function, one that needs few of the others' fields.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { largeClasses } from './large-classes.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SOURCES = ['packages/{node,service-*,inspector,admin-api}/src/**/*.ts', 'apps/*/src/**/*.{ts,tsx}'];

const paths = globSync(SOURCES, { cwd: ROOT }).filter((path) => !/\.test\.tsx?$/.test(path));
const faults = paths.flatMap((path) => largeClasses(path, readFileSync(join(ROOT, path), 'utf8')));
// A pattern that finds nothing would find no fault either.
if (paths.length === 0) faults.push('no sources were found: test/lint/classes.ts no longer fits the folders');

for (const fault of faults) console.error(`classes: ${fault}`);
if (faults.length > 0) process.exitCode = 1;
