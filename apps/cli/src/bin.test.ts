import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const CLI = fileURLToPath(new URL('..', import.meta.url));

/** A checkout of another program, as small as can be, with our `bin`. */
let root: string;
let folder: string;
beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'chorus-bin-')));
  folder = join(root, 'apps/cli');
  mkdirSync(folder, { recursive: true });
  cpSync(join(CLI, 'bin'), join(folder, 'bin'), { recursive: true });
  for (const name of ['src', 'node_modules']) mkdirSync(join(folder, name));
  symlinkSync(join(CLI, 'node_modules/env-paths'), join(folder, 'node_modules/env-paths'));
  symlinkSync(join(CLI, '../../node_modules/typescript'), join(folder, 'node_modules/typescript'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const compilerOptions = { composite: true, module: 'NodeNext', rootDir: 'src', outDir: 'dist', types: [] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }));
});
afterAll(() => rmSync(root, { recursive: true }));

function run(program: string | null, { env, cwd }: { env?: NodeJS.ProcessEnv; cwd?: string } = {}) {
  if (program !== null) writeFileSync(join(folder, 'src/main.ts'), program);
  const { npm_execpath: _, INIT_CWD: _called, ...own } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'bin/chorus.js')], {
    env: { ...own, XDG_CACHE_HOME: join(root, 'cache'), ...env },
    encoding: 'utf8',
    ...(cwd === undefined ? {} : { cwd }),
  });
  // The message appears every few seconds if the build takes that long.
  return { status, stdout, stderr: stderr.replace(/^compiling Chorus.*\n/gm, '') };
}

it('bin never runs a build older than the sources', () => {
  const says = (text: string) =>
    `declare const console: { log(text: string): void }; console.log('${text}'); export {};`;
  expect(run(says('first'))).toEqual({ status: 0, stdout: 'first\n', stderr: '' });
  expect(run(null)).toEqual({ status: 0, stdout: 'first\n', stderr: '' });
  expect(run(says('second'))).toEqual({ status: 0, stdout: 'second\n', stderr: '' });
  const broken = run(`${says('third')} const wrong: number = 'text'; export { wrong };`);
  expect(broken).toMatchObject({ status: 69, stdout: '' });
  expect(broken.stderr).toMatch(/TS2322[\s\S]*could not be compiled/);
});

const WHERE =
  'declare const process: { cwd(): string; env: Record<string, string | undefined> }; declare const console: { log(...texts: unknown[]): void };' +
  'console.log(process.cwd(), process.env.INIT_CWD); export {};';

it('bin resolves paths from the folder in which pnpm was called, and only if pnpm runs this command', () => {
  const below = join(root, 'my data');
  mkdirSync(below);
  const pnpm = { INIT_CWD: below, npm_package_json: join(root, 'package.json') };
  const from = (script: string, cwd: string, env: NodeJS.ProcessEnv = pnpm) =>
    run(WHERE, { cwd, env: { ...env, npm_lifecycle_event: script } }).stdout;
  expect(from('chorus', root)).toBe(`${below} undefined\n`);
  expect(from('start', root)).toBe(`${below} undefined\n`);
  expect(from('test', root)).toBe(`${root} undefined\n`);
  expect(from('chorus', folder)).toBe(`${folder} undefined\n`);
  expect(from('chorus', root, { ...pnpm, INIT_CWD: join(root, 'gone') })).toBe(`${root} undefined\n`);
});

it('bin says what to run in a clone that is not installed, where only an old Node is found', () => {
  const clone = join(root, 'clone');
  mkdirSync(join(clone, 'apps/cli'), { recursive: true });
  cpSync(join(CLI, 'bin'), join(clone, 'apps/cli/bin'), { recursive: true });
  writeFileSync(join(clone, 'pnpm-lock.yaml'), '');
  const old =
    'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.0.0"}})';
  const args = ['--import', old, join(clone, 'apps/cli/bin/chorus.js')];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({
    status: 69,
    stderr: `chorus is not installed yet. Run this once, in ${clone}/: npx -y pnpm@10.34.9 install\n`,
  });
  mkdirSync(join(clone, 'node_modules'));
  expect(spawnSync(process.execPath, args, { encoding: 'utf8' }).stderr).toContain('chorus needs Node 22.19');
});

it('only the command writes to standard output while pnpm installs the missing modules of a fresh clone', () => {
  const fresh = join(root, 'fresh');
  mkdirSync(fresh);
  cpSync(join(CLI, '../../pnpm-workspace.yaml'), join(fresh, 'pnpm-workspace.yaml'));
  const scripts = { start: 'echo "{}"' };
  writeFileSync(join(fresh, 'package.json'), JSON.stringify({ name: 'fresh', private: true, scripts }));
  // As in a terminal: pnpm tells a script that it runs not to install again.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^p?npm_/i.test(name)));
  const { status, stdout } = spawnSync('npx', ['-y', 'pnpm@10.34.9', '--silent', 'start'], {
    cwd: fresh,
    env,
    encoding: 'utf8',
  });
  expect({ status, stdout }).toEqual({ status: 0, stdout: '{}\n' });
  expect(existsSync(join(fresh, 'pnpm-lock.yaml'))).toBe(true);
});

it('pnpm installs into the modules of an updated checkout from the store they came from, for every user', () => {
  const owner = join(root, 'owner');
  const checkout = join(owner, 'checkout');
  mkdirSync(join(checkout, 'packages/part'), { recursive: true });
  for (const name of ['pnpm-workspace.yaml', '.pnpmfile.cjs']) {
    cpSync(join(CLI, '../..', name), join(checkout, name));
  }
  const part = join(checkout, 'packages/part/package.json');
  const describe = (version: string) => JSON.stringify({ name: 'part', version });
  writeFileSync(part, describe('1.0.0'));
  writeFileSync(
    join(checkout, 'package.json'),
    JSON.stringify({
      name: 'whole',
      private: true,
      scripts: { start: 'echo started' },
      dependencies: { part: 'workspace:*' },
    }),
  );
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^p?npm_|^XDG_|^INIT_CWD$|^CI$/i.test(name),
  );
  const npmCache = spawnSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' }).stdout.trim();
  const start = (home: string) => {
    const env = { ...Object.fromEntries(inherited), HOME: home, npm_config_cache: npmCache };
    // Not a terminal: pnpm cannot ask whether it may delete all modules, and gives up instead.
    return spawnSync('npx', ['-y', 'pnpm@10.34.9', '--silent', 'start'], {
      cwd: checkout,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  };
  expect(start(owner)).toMatchObject({ status: 0, stdout: 'started\n' });
  const marker = join(checkout, 'node_modules/marker');
  writeFileSync(marker, '');
  for (const [home, version] of [
    [join(root, 'sudo'), '1.1.0'],
    [owner, '1.2.0'],
  ] as const) {
    writeFileSync(part, describe(version));
    utimesSync(part, new Date(), new Date(Date.now() + 60_000));
    expect(start(home)).toMatchObject({ status: 0, stdout: 'started\n' });
    expect(existsSync(marker)).toBe(true);
  }
});

it('bin installs what an updated checkout needs from the store that its modules came from, for every user', () => {
  mkdirSync(join(root, 'node_modules'));
  const state = join(root, 'node_modules/.pnpm-workspace-state-v1.json');
  const pnpm = join(root, 'pnpm.cjs');
  const log = join(root, 'ran');
  const env = { npm_execpath: pnpm };
  writeFileSync(join(root, 'pnpm-lock.yaml'), '');
  writeFileSync(join(root, 'node_modules/.modules.yaml'), '{ "storeDir": "/of/the owner/store/v10" }');
  writeFileSync(state, JSON.stringify({ lastValidatedTimestamp: Date.now() + 60_000 }));
  const program = (outcome: string) =>
    `const fs = require('node:fs'); fs.writeFileSync(${JSON.stringify(log)}, process.argv.slice(2).join('|')); ${outcome}`;
  writeFileSync(pnpm, program('process.exit(1)'));
  // No source is newer than the build.
  expect(run(WHERE, { env })).toMatchObject({ status: 0, stderr: '' });
  writeFileSync(state, JSON.stringify({ lastValidatedTimestamp: 1 }));
  expect(run(null, { env })).toMatchObject({
    status: 69,
    stderr: expect.stringMatching(/As the owner of .*run there/),
  });
  expect(readFileSync(log, 'utf8')).toBe(
    'install|--frozen-lockfile|--prefer-offline|--store-dir|/of/the owner/store',
  );
  writeFileSync(pnpm, program(''));
  expect(run(null, { env })).toMatchObject({ status: 0 });
  // A systemd unit does not find pnpm.
  expect(run(null)).toMatchObject({ status: 0 });
});

it('bin runs the build if there are no sources', () => {
  rmSync(join(folder, 'src'), { recursive: true });
  writeFileSync(join(folder, 'dist/main.js'), "console.log('built');");
  expect(run(null)).toEqual({ status: 0, stdout: 'built\n', stderr: '' });
  rmSync(join(folder, 'dist/main.js'));
  expect(run(null)).toMatchObject({ status: 69, stderr: expect.stringContaining('not built here') });
});
