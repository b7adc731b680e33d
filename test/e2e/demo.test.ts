import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { outcomeOf, startChorus } from '../../apps/cli/src/testing/chorus-process.ts';

let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'chorus-test-'));
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

const chorus = (args: string[]) => startChorus(args, { env: { ...process.env, TMPDIR: scratch } });

/** Command lines of living processes that mention `text`. */
async function processesMentioning(text: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines.filter((line) => line.includes(text));
}

describe('chorus demo', () => {
  it('leaves no process and no file behind when interrupted', async () => {
    const child = chorus(['demo', '--nodes', '5', '--rounds', '50']);
    const ended = outcomeOf(child);
    await new Promise<void>((resolve) => {
      child.stderr!.on('data', (data) => String(data).includes('round 1') && resolve());
      child.once('close', () => resolve());
    });
    expect(await processesMentioning(scratch)).not.toEqual([]);
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
    expect(await processesMentioning(scratch)).toEqual([]);
    expect(await readdir(scratch)).toEqual([]);
  });

  it.each([
    [['--nodes', '2'], '--nodes must be an integer from 5'],
    [['--commit-seconds', '4'], '--commit-seconds must be an integer from 5'],
    [['--attack', 'bribe'], '--attack must be one of'],
    [['--split', 'dirichlet:x'], 'dirichlet'],
    [['--data', '/nowhere'], 'E_DATA_UNREADABLE'],
  ])('refuses %j with a clear error and starts nothing', async (args, message) => {
    const { code, stderr } = await outcomeOf(chorus(['demo', ...args]));
    expect([64, 65]).toContain(code);
    expect(stderr).toContain(message);
    expect(await readdir(scratch)).toEqual([]);
  });
});
