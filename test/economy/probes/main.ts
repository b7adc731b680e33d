/**
 * `pnpm coverage:contracts`: which statements and branches of the contracts the tests reach, counted on chain.
 * Further arguments are path filters of tests; `--add` adds to what earlier runs on the same sources have reached. Tests
 * that measure gas or compare code fail in such a run, as the code is another; that does not matter here. Writes
 * summary.json next to this file.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { instrument, type Probe, sha256 } from './instrument.ts';

/** Where the contracts are tested, but for random calls, which take long to trace. */
const TESTS = [
  'compliance/chain.ver',
  'compliance/chain.vec',
  'compliance/tasks',
  'compliance/stake',
  'compliance/attestor',
];
const MORE = [
  'compliance/channels',
  'compliance/governance',
  'compliance/registries',
  'compliance/token',
  'economy/attacks',
];

const root = fileURLToPath(new URL('../../..', import.meta.url));
const instrumented = instrument();
/** Kept while the sources are the same: compiling takes longer than some tests. */
const folder = join(tmpdir(), `chorus-probes-${sha256(JSON.stringify(instrumented)).slice(0, 16)}`);
build();
const filters = process.argv.slice(2).filter((argument) => argument !== '--add');
if (!process.argv.includes('--add')) {
  for (const name of readdirSync(folder)) if (name.startsWith('hits-')) rmSync(join(folder, name));
}
runTests(filters.length > 0 ? filters : [...TESTS, ...MORE]);
report();

function node(args: string[]): void {
  const hook = new URL('hook.ts', import.meta.url).href;
  const NODE_OPTIONS = `--conditions=@chorus/source --import=${hook}`;
  const env = { ...process.env, CHORUS_PROBES: folder, NODE_OPTIONS };
  spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' });
}

/** Instrumented sources, and the artifacts made of them. */
function build(): void {
  if (existsSync(join(folder, 'complete'))) return;
  mkdirSync(join(folder, 'artifacts'), { recursive: true });
  writeFileSync(join(folder, 'instrumented.json'), JSON.stringify(instrumented));
  const script = `
    import { writeFileSync } from 'node:fs';
    import { compileContracts } from '@chorus/contracts/compile';
    for (const a of compileContracts()) writeFileSync(${JSON.stringify(folder)} + '/artifacts/' + a.contractName + '.json', JSON.stringify(a));`;
  const file = join(root, 'test', 'economy', 'probes', `build-${process.pid}.tmp.ts`);
  writeFileSync(file, script);
  try {
    node([file]);
  } finally {
    rmSync(file);
  }
  if (readdirSync(join(folder, 'artifacts')).length === 0) {
    throw new Error('the contracts with probes were not compiled');
  }
  writeFileSync(join(folder, 'complete'), '');
}

function runTests(filters: string[]): void {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  node([
    vitest,
    'run',
    '--config',
    'test/vitest.config.ts',
    '--testTimeout=600000',
    '--hookTimeout=600000',
    ...filters,
  ]);
}

interface Count {
  reached: number;
  of: number;
}

function report(): void {
  const { probes } = instrumented;
  const files = readdirSync(folder).filter((name) => name.startsWith('hits-'));
  const hits = new Set(files.flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n')));
  const count = (some: Probe[]): Count => ({
    reached: some.filter((p) => hits.has(p.id)).length,
    of: some.length,
  });
  /** A line is reached where every statement that begins on it is. */
  const lines = (some: Probe[]): Count => {
    const byLine = Map.groupBy(some, (p) => `${p.file}:${p.line}`);
    const reached = [...byLine.values()].filter((group) => group.every((p) => hits.has(p.id))).length;
    return { reached, of: byLine.size };
  };
  const figures = (some: Probe[]) => {
    const of = (kind: Probe['kind']): Probe[] => some.filter((p) => p.kind === kind);
    return { lines: lines(of('statement')), branches: count(of('branch')), functions: count(of('function')) };
  };
  const byFile = Map.groupBy(probes, (p) => p.file);
  const summary = Object.fromEntries([...byFile].map(([file, some]) => [file, figures(some)]));
  const percent = ({ reached, of }: Count): string =>
    of === 0 ? '-' : `${((100 * reached) / of).toFixed(1)} %`;
  console.table(
    Object.fromEntries(
      [...Object.entries(summary), ['all', figures(probes)] as const].map(([file, f]) => [
        file,
        { lines: percent(f.lines), branches: percent(f.branches), functions: percent(f.functions) },
      ]),
    ),
  );
  for (const { file, line, text, kind, id } of probes) {
    if (!hits.has(id)) console.log(`not reached: ${file}:${line} ${kind} ${text}`);
  }
  const all = { all: figures(probes), ...summary };
  writeFileSync(new URL('summary.json', import.meta.url), `${JSON.stringify(all, null, 1)}\n`);
}
