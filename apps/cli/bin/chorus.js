#!/usr/bin/env node
// Plain JavaScript that any Node can parse: it says what is wrong where the real program could not even load.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  // The project brings its own Node, once it is installed.
  const isFresh = existsSync(join(root, 'pnpm-lock.yaml')) && !existsSync(join(root, 'node_modules'));
  process.stderr.write(
    isFresh
      ? `chorus is not installed yet. Run this once, in ${root}: npx -y pnpm@10.34.9 install\n`
      : `chorus needs Node 22.19 or newer, this is ${process.versions.node}.\n` +
          'Run it through the project, which brings its own: npx -y pnpm@10.34.9 --silent chorus <command>\n',
  );
  process.exit(69);
}

goWhereItWasCalled();

// Tests and tools run the sources as they are (`--conditions=@chorus/source`), everybody else what was built of them.
const fromSource = process.execArgv.includes('--conditions=@chorus/source');
const source = new URL('../src/main.ts', import.meta.url);
const built = new URL('../dist/main.js', import.meta.url);
// A node that another `chorus` has started was built by it.
if (!fromSource && !process.channel && existsSync(source)) {
  bringDependencies();
  await build();
  if (showsPage(process.argv.slice(2))) buildPage();
}
if (!fromSource && !existsSync(built)) {
  refuse('chorus is not built here. In a checkout run: npx -y pnpm@10.34.9 --silent chorus <command>');
}

// A node runs for weeks. Its young generation stays as small as it begins, 1 MB instead of up to 16 (three times
// that are held): what it allocates are buffers, outside of it.
const isNode = process.argv[2] === 'start';
if (isNode) setFlagsFromString('--semi-space-growth-factor=1');

// Compiled code is kept between runs, sources with their types taken out above all. What comes from the cache stays
// in memory as well, 9 MB of a whole node: one that is built starts without, in 0.1 s more.
if (fromSource || !isNode) {
  const { default: envPaths } = await import('env-paths');
  const cache = join(envPaths('chorus', { suffix: '' }).cache, 'compiled');
  // Node would make the folder itself, and never return where the system calls it missing, as in /proc.
  if (makeFolder(cache)) module.enableCompileCache(cache);
}
await import((fromSource ? source : built).href);

/**
 * pnpm runs a script in the folder of its package, and says where it was called: paths mean what they mean there. Only
 * where pnpm runs this command itself; the variable is passed on to whatever a script starts.
 */
function goWhereItWasCalled() {
  const { INIT_CWD, npm_lifecycle_event: script, npm_package_json: file } = process.env;
  delete process.env.INIT_CWD;
  if (!INIT_CWD || !file || !['chorus', 'start'].includes(script ?? '')) return;
  if (dirname(file) !== process.cwd()) return;
  try {
    process.chdir(INIT_CWD);
  } catch {
    // It is gone, or may not be entered.
  }
}

/**
 * In an updated checkout: installs what its lock file names, into the existing `node_modules`, from the store they came
 * from. pnpm by itself would use the store of the current user: with another HOME, as of sudo, cron and service accounts,
 * it would first delete all modules of a running node.
 */
function bringDependencies() {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const lock = join(root, 'pnpm-lock.yaml');
  const state = readOrNothing(join(root, 'node_modules/.pnpm-workspace-state-v1.json'));
  const installedAt = Number(/"lastValidatedTimestamp": *(\d+)/.exec(state)?.[1]);
  const pnpm = process.env.npm_execpath;
  if (!existsSync(lock) || statSync(lock).mtimeMs <= installedAt || !pnpm) return;
  const modules = readOrNothing(join(root, 'node_modules/.modules.yaml'));
  const store = /"storeDir": *"([^"]+)"/.exec(modules)?.[1];
  const args = [
    'install',
    '--frozen-lockfile',
    '--prefer-offline',
    ...(store ? ['--store-dir', dirname(store)] : []),
  ];
  // Without standard input it asks nothing, and gives up where it would have to.
  const { status } = spawnSync(process.execPath, [pnpm, ...args], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0)
    refuse(
      `What this version needs is not installed. As the owner of ${root}, run there: npx -y pnpm@10.34.9 install`,
    );
}

function makeFolder(path) {
  try {
    if (existsSync(path)) return true;
    if (!makeFolder(dirname(path))) return false;
    mkdirSync(path);
    return true;
  } catch {
    return existsSync(path);
  }
}

function readOrNothing(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/**
 * In a checkout: the compiler brings the build up to date, or finds in 0.1 s that it is. Nothing older than the sources
 * runs. What takes longer is said: the first time it takes half a minute.
 */
async function build() {
  let compiler;
  try {
    compiler = module.createRequire(import.meta.url).resolve('typescript/package.json');
  } catch {
    refuse('The compiler is missing: run npx -y pnpm@10.34.9 install');
  }
  const child = spawn(process.execPath, [join(dirname(compiler), 'bin/tsc'), '-b'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    // Standard output belongs to the command.
    stdio: ['ignore', 2, 2],
  });
  const began = Date.now();
  const telling = setInterval(() => {
    const seconds = Math.round((Date.now() - began) / 1000);
    process.stderr.write(`compiling Chorus, as it is new here or has changed (${seconds} s) ...\n`);
  }, 5000);
  const status = await new Promise((resolve) => {
    child.on('error', resolve);
    child.on('close', resolve);
  });
  clearInterval(telling);
  if (status !== 0) refuse('The sources could not be compiled.');
}

/** Whether a command may show the web page of a node. */
function showsPage([command = '', ...options]) {
  if (command !== 'demo') return ['start', 'open', '--version'].includes(command);
  const isWatched = process.stdout.isTTY && !options.includes('--json');
  return options.some((option) => option === '--page' || (isWatched && option.startsWith('--keep')));
}

/** In a checkout: the web page of the node, if it is older than its sources; a second. A node runs without it. */
function buildPage() {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const folder = join(root, 'apps/web');
  const newest = (path) =>
    Math.max(...readdirSync(path, { recursive: true }).map((name) => ageOf(join(path, name))));
  // The page checks proofs itself, with the code that the nodes do it with.
  const packages = ['protocol', 'aggregation', 'commitment', 'proof', 'inspector'];
  const read = [
    'apps/web/src',
    'circuits/src',
    'circuits/keys',
    ...packages.map((name) => `packages/${name}/src`),
  ];
  try {
    const sources = Math.max(
      ...read.map((path) => newest(join(root, path))),
      ...['index.html', 'package.json', 'vite.config.ts'].map((name) => ageOf(join(folder, name))),
    );
    if (ageOf(join(folder, 'dist/index.html')) > sources) return;
    const vite = module.createRequire(join(folder, 'package.json')).resolve('vite/package.json');
    const args = [join(dirname(vite), 'bin/vite.js'), 'build', '--logLevel', 'warn'];
    const { status } = spawnSync(process.execPath, args, { cwd: folder, stdio: ['ignore', 2, 2] });
    if (status === 0) return;
  } catch {
    // As said below.
  }
  process.stderr.write('The web page of the node could not be built; the node runs without it.\n');
}

/** When a file was changed, ms; 0 if it does not exist. */
function ageOf(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function refuse(why) {
  process.stderr.write(`${why}\n`);
  process.exit(69);
}
