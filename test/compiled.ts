import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CompiledContract, type CompileOptions, compileContracts } from '@chorus/contracts/compile';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SOURCES = join(ROOT, 'packages/contracts/contracts');
const CACHE = join(ROOT, 'node_modules/.cache/chorus-test');

/** Whatever a source of a test may import: the contracts, and with the lock file the libraries and the compiler. */
let surroundings: string | undefined;
function surroundingsHash(): string {
  if (surroundings) return surroundings;
  const hash = createHash('sha256').update(readFileSync(join(ROOT, 'pnpm-lock.yaml')));
  hash.update(readFileSync(join(ROOT, 'packages/contracts/src/build/compile.ts')));
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.sol'));
  for (const file of files.sort()) hash.update(file).update(readFileSync(join(SOURCES, file)));
  surroundings = hash.digest('hex');
  return surroundings;
}

/**
 * As `compileContracts`, for what tests alone deploy. The compiler takes seconds, so its output is kept for the other
 * files of the run, and for the next run on the same sources.
 */
export function compileForTests(options: CompileOptions): CompiledContract[] {
  const key = createHash('sha256').update(surroundingsHash()).update(JSON.stringify(options)).digest('hex');
  const file = join(CACHE, `${key}.json`);
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as CompiledContract[];
  } catch {
    // Compiled below.
  }
  const compiled = compileContracts(options);
  mkdirSync(CACHE, { recursive: true });
  // Another worker may read it meanwhile.
  writeFileSync(`${file}.${process.pid}`, JSON.stringify(compiled));
  renameSync(`${file}.${process.pid}`, file);
  return compiled;
}
