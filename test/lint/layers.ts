/**
 * Part of `pnpm lint`: imports form layers, between the packages and between the folders of each package. A folder that
 * imports another one, and is imported by it, directly or by a detour, cannot be read, tested or moved without it.
 *
 * Tests are left out: they may import anything.
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Arrow, backArrows } from './back-arrows.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RELATIVE = /(?:\bfrom\s+|\bimport\s*\(\s*|\bimport\s+|new URL\(\s*)['`](\.{1,2}\/[^'`$]+)/g;
const PACKAGE = /(?:\bfrom\s+|\bimport\s*\(\s*|\bimport\s+)'(@chorus\/[a-z-]+)/g;

interface Source {
  /** Path from the root of the repository. */
  path: string;
  text: string;
}

function sourcesOf(folder: string): Source[] {
  return globSync('src/**/*.{ts,tsx}', { cwd: join(ROOT, folder) })
    .filter((path) => !/\.(test|bench)\.ts$|(^|\/)testing\//.test(path))
    .map((path) => join(folder, path))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

/** The imports of one package, from folder to folder. What it exports, `index.ts`, is above all of them. */
function folderArrows(folder: string): Arrow[] {
  const src = join(folder, 'src');
  const name = (path: string) =>
    path === join(src, 'index.ts') ? 'index.ts' : relative(src, dirname(path)) || 'src';
  return sourcesOf(folder).flatMap(({ path, text }) =>
    [...text.matchAll(RELATIVE)].map(([, specifier]) => {
      const target = normalize(join(dirname(path), specifier!));
      return { from: name(path), to: name(target), because: `${path} imports ${target}` };
    }),
  );
}

const packages = globSync(['packages/*', 'apps/*', 'circuits'], { cwd: ROOT });
const nameOf = (folder: string) =>
  JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')).name as string;

const faults = packages.flatMap((folder) =>
  backArrows(folderArrows(folder)).map((fault) => `${folder}: ${fault}`),
);
const between = packages.flatMap((folder) =>
  sourcesOf(folder).flatMap(({ path, text }) =>
    [...text.matchAll(PACKAGE)].map(([, to]) => ({
      from: nameOf(folder),
      to: to!,
      because: `${path} imports ${to}`,
    })),
  ),
);
faults.push(...backArrows(between));
// A pattern that finds nothing would find no fault either.
if (between.length === 0 || !packages.every((folder) => sourcesOf(folder).length > 0)) {
  faults.push('no imports were found: test/lint/layers.ts no longer fits the sources');
}

for (const fault of faults) console.error(`layers: ${fault}`);
if (faults.length > 0) process.exitCode = 1;
