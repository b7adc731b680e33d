import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { outcomeOf, startChorus } from './chorus-process.ts';
import { runChorus } from './run-chorus.ts';

const CONFIG = `chain: { url: "http://127.0.0.1:1", contract: "0x${'12'.repeat(20)}" }\n`;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-run-'));
  await writeFile(join(folder, 'config.yaml'), CONFIG);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each([
  ['a setting from a file in the folder', ['config', 'get', 'chain.url', '--home', '.'], 0],
  ['a setting from the environment', ['config', 'get', 'training.threads', '--home', '.', '--json'], 0],
  ['help', ['why', '--help'], 0],
  ['wrong usage', ['why', 'one', '1'], 64],
  ['a command that does not exist', ['strat'], 64],
  ['findings', ['doctor', '--home', 'nowhere', '--json', '--nonsense'], 64],
  ['an error', ['proof', 'list', '--network', '/nowhere'], 65],
])('%s: what a process writes and ends with, a command in this process does', async (_, args, code) => {
  const surroundings = {
    cwd: folder,
    env: { ...process.env, HOME: folder, CHORUS_HOME: '', CHORUS_TRAINING__THREADS: '7' },
  };
  const inProcess = await runChorus(args, surroundings);
  expect(inProcess.code).toBe(code);
  expect(inProcess).toEqual(await outcomeOf(startChorus(args, surroundings)));
});

it('commands run one after another, and leave nothing of theirs in this process', async () => {
  const before = { env: { ...process.env }, cwd: process.cwd(), exit: process.exit, stdin: process.stdin };
  const listeners = process.listenerCount('SIGTERM');
  const threads = ['config', 'get', 'training.threads', '--home', folder];
  const given = (count: string) =>
    runChorus(threads, { cwd: folder, env: { ...process.env, CHORUS_TRAINING__THREADS: count } });
  const outcomes = await Promise.all([given('3'), runChorus(['why', 'one', '1']), given('5')]);
  expect(outcomes.map(({ code, stdout }) => [code, stdout])).toEqual([
    [0, '3\n'],
    [64, ''],
    [0, '5\n'],
  ]);
  expect({ env: { ...process.env }, cwd: process.cwd(), exit: process.exit, stdin: process.stdin }).toEqual(
    before,
  );
  expect([process.exitCode, process.listenerCount('SIGTERM')]).toEqual([undefined, listeners]);
});
