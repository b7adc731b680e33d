import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { documents, files, read, root } from './files.ts';

/** Where the blocks are put to be checked: an ignored folder from which a package's own dependencies resolve. */
const CACHE = 'node_modules/.cache/code-blocks';
const HOME = `test/${CACHE}`;

/**
 * A block is an excerpt: names that it does not declare are the reader's own, and count as `any`
 * (2304, 2552: cannot find a name; 18004: the same in a shorthand property).
 */
const READERS_OWN = /error TS(?:2304|2552|18004):/;

/** What a reader installs with a package that does not depend on it. */
const READERS_PACKAGES = { ethers: ['../../ethers/lib.esm/index.d.ts'] };

interface Block {
  file: string;
  code: string;
}

/** The TypeScript of a document, block by block. */
function blocksOf(document: string): Block[] {
  const text = read(document);
  const own = /^(?:packages|apps)\/[^/]+|^circuits/.exec(document)?.[0] ?? 'test';
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(({ 1: code, index }) => {
    const line = text.slice(0, index).split('\n').length + 1;
    const name = `${document.replaceAll(/[^\w]/g, '-')}-${line}.ts`;
    // As many lines come before the code as in the document, so that the compiler names the document's line.
    return { file: `${own}/${CACHE}/${name}`, code: `${'\n'.repeat(line - 1)}${code}\nexport {};\n` };
  });
}

/** Where the sources of each package's entry points are, by the name that imports them. */
function entryPoints(): Record<string, string[]> {
  const paths: Record<string, string[]> = {};
  for (const manifest of files('packages/*/package.json', 'apps/*/package.json', 'circuits/package.json')) {
    const { name, exports = {} } = JSON.parse(read(manifest)) as {
      name: string;
      exports?: Record<string, { '@chorus/source'?: string }>;
    };
    for (const [subpath, target] of Object.entries(exports)) {
      const source = target['@chorus/source'];
      if (source) paths[join(name, subpath)] = [relative(root + HOME, join(root, dirname(manifest), source))];
    }
  }
  return Object.fromEntries(Object.entries(paths).map(([name, [path]]) => [name, [`./${path}`]]));
}

/** What the compiler says of the blocks: one line for each error. */
async function errorsOf(blocks: readonly Block[]): Promise<string[]> {
  for (const { file, code } of blocks) {
    mkdirSync(dirname(root + file), { recursive: true });
    writeFileSync(root + file, code);
  }
  const tsconfig = {
    extends: relative(root + HOME, `${root}test/tsconfig.json`),
    compilerOptions: {
      noUnusedLocals: false,
      noUnusedParameters: false,
      noUncheckedIndexedAccess: false,
      noImplicitAny: false,
      paths: { ...entryPoints(), ...READERS_PACKAGES },
      types: ['node'],
    },
    include: [],
    files: blocks.map(({ file }) => relative(root + HOME, root + file)),
  };
  mkdirSync(root + HOME, { recursive: true });
  writeFileSync(`${root + HOME}/tsconfig.json`, JSON.stringify(tsconfig));
  const output = await new Promise<string>((resolve) => {
    const command = join(root, 'node_modules/typescript/bin/tsc');
    execFile(process.execPath, [command, '-p', root + HOME, '--pretty', 'false'], { cwd: root }, (_, out) =>
      resolve(out),
    );
  });
  return output.split('\n').filter((line) => line.includes(CACHE) && line.includes('error TS'));
}

afterAll(() => {
  const folders = new Set([
    HOME,
    ...documents()
      .flatMap(blocksOf)
      .map(({ file }) => dirname(file)),
  ]);
  for (const folder of folders) rmSync(root + folder, { recursive: true, force: true });
});

it('the TypeScript in documents fits the packages as they are', async () => {
  const blocks = documents().flatMap(blocksOf);
  expect(blocks.length).toBeGreaterThan(10);
  // One that is wrong, so that a compiler that checks nothing is noticed.
  const wrong = {
    file: `${HOME}/wrong.ts`,
    code: "import { gramMatrix } from '@chorus/aggregation';\ngramMatrix(1);\n",
  };
  const errors = await errorsOf([...blocks, wrong]);
  expect(errors.filter((line) => line.includes('wrong.ts'))).toHaveLength(1);
  expect(errors.filter((line) => !line.includes('wrong.ts') && !READERS_OWN.test(line))).toEqual([]);
});
