import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const CLI = fileURLToPath(new URL('..', import.meta.url));

/** A checkout of another program, as small as can be, with our `bin`. */
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'chorus-bin-'));
  cpSync(join(CLI, 'bin'), join(folder, 'bin'), { recursive: true });
  for (const name of ['src', 'node_modules']) mkdirSync(join(folder, name));
  symlinkSync(join(CLI, 'node_modules/env-paths'), join(folder, 'node_modules/env-paths'));
  symlinkSync(join(CLI, '../../node_modules/typescript'), join(folder, 'node_modules/typescript'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const compilerOptions = { composite: true, module: 'NodeNext', rootDir: 'src', outDir: 'dist', types: [] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }));
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(program: string | null) {
  if (program !== null) writeFileSync(join(folder, 'src/main.ts'), program);
  const env = { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'bin/chorus.js')], {
    env,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

it('never runs anything older than the sources', () => {
  const says = (text: string) =>
    `declare const console: { log(text: string): void }; console.log('${text}'); export {};`;
  expect(run(says('first'))).toEqual({ status: 0, stdout: 'first\n', stderr: '' });
  expect(run(null)).toEqual({ status: 0, stdout: 'first\n', stderr: '' });
  expect(run(says('second'))).toEqual({ status: 0, stdout: 'second\n', stderr: '' });
  const broken = run(`${says('third')} const wrong: number = 'text'; export { wrong };`);
  expect(broken).toMatchObject({ status: 69, stdout: '' });
  expect(broken.stderr).toMatch(/TS2322[\s\S]*could not be compiled/);
});

it('runs what was built where there are no sources', () => {
  rmSync(join(folder, 'src'), { recursive: true });
  writeFileSync(join(folder, 'dist/main.js'), "console.log('built');");
  expect(run(null)).toEqual({ status: 0, stdout: 'built\n', stderr: '' });
  rmSync(join(folder, 'dist/main.js'));
  expect(run(null)).toMatchObject({ status: 69, stderr: expect.stringContaining('not built here') });
});
