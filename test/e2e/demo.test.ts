import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { outcomeOf, startChorus } from '../../apps/cli/src/testing/chorus-process.ts';
import { runChorus } from '../../apps/cli/src/testing/run-chorus.ts';

let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'chorus-test-'));
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

const surroundings = () => ({ env: { ...process.env, TMPDIR: scratch } });
const chorus = (args: string[]) => startChorus(args, surroundings());

interface Process {
  pid: number;
  line: string;
}

/** Living processes whose command lines mention `text`. */
async function processesMentioning(text: string): Promise<Process[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const processes = await Promise.all(
    pids.map(async (pid) => ({ pid, line: await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '') })),
  );
  return processes.filter(({ line }) => line.includes(text));
}

/** Resolves once the command has written this on standard error, or has ended. */
function written(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve) => {
    child.stderr!.on('data', (data) => String(data).includes(text) && resolve());
    child.once('close', () => resolve());
  });
}

describe('chorus demo', () => {
  it('leaves no process and no file behind when interrupted', async () => {
    const child = chorus(['demo', '--nodes', '5', '--rounds', '50']);
    const ended = outcomeOf(child);
    await written(child, 'round 1');
    expect(await processesMentioning(scratch)).not.toEqual([]);
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
    expect(await processesMentioning(scratch)).toEqual([]);
    expect(await readdir(scratch)).toEqual([]);
  });

  it('says so if no round was settled, since its trainers were killed', async () => {
    const child = chorus([
      ...['demo', '--nodes', '5', '--rounds', '1'],
      // No trainer is left that could be late.
      ...['--join-seconds', '5', '--commit-seconds', '5'],
    ]);
    const ended = outcomeOf(child);
    await written(child, 'publishing the task');
    const trainers = await processesMentioning('/trainer-');
    const own = trainers.filter(({ line }) => line.includes(scratch));
    expect(own).toHaveLength(2);
    for (const { pid } of own) process.kill(pid, 'SIGKILL');
    const { code, stdout, stderr } = await ended;
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('E_DEMO_ROUNDS: no round of the demo was settled');
    expect(stderr).toContain('run it again with --json');
    expect(await processesMentioning(scratch)).toEqual([]);
    expect(await readdir(scratch)).toEqual([]);
  });

  it.each([
    [['--nodes', '2'], '--nodes must be an integer from 5'],
    [['--commit-seconds', '4'], '--commit-seconds must be an integer from 5'],
    [['--settle-seconds', '4'], '--settle-seconds must be an integer from 5'],
    [['--join-seconds', '4'], '--join-seconds must be an integer from 5'],
    [['--attack', 'bribe'], '--attack must be one of'],
    [['--split', 'dirichlet:x'], 'dirichlet'],
    [['--data', '/nowhere'], 'E_DATA_UNREADABLE'],
  ])('refuses %j with a clear error and starts nothing', async (args, message) => {
    const { code, stderr } = await runChorus(['demo', ...args], surroundings());
    expect([64, 65]).toContain(code);
    expect(stderr).toContain(message);
    expect(await readdir(scratch)).toEqual([]);
  });
});
