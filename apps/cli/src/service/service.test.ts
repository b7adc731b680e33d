import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { syntheticDigits, writeShard } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outcomeOf, startChorus } from '../testing/chorus-process.ts';
import { killServices, ServiceManager } from '../testing/service-manager.ts';
import { type UnitOptions, unitText } from './unit.ts';

const CHORUS = fileURLToPath(new URL('../../bin/chorus.js', import.meta.url));

let folder: string;
let options: UnitOptions;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-service-'));
  // What a unit must quote or escape.
  const home = join(folder, 'my $HOME 100% node');
  const shard = join(folder, 'digits.shard');
  const passwordFile = join(folder, 'pass word');
  await writeShard(shard, syntheticDigits({ seed: 1, count: 30 }));
  await writeFile(passwordFile, 'correct horse battery\n', { mode: 0o600 });
  options = {
    program: [process.execPath, '--conditions=@chorus/source', CHORUS],
    home,
    scope: 'system',
    user: 'root',
    passwordFile,
    memoryMax: '4G',
    shutdownSeconds: 20,
  };
  const place = ['--rpc', 'http://127.0.0.1:1', '--contract', `0x${'12'.repeat(20)}`];
  const child = startChorus(['init', '--home', home, ...place, '--roles', 'trainer', '--data', shard], {
    env: { ...process.env, HOME: folder, CHORUS_PASSWORD_FILE: passwordFile },
  });
  expect(await outcomeOf(child)).toMatchObject({ code: 0 });
});
afterAll(async () => {
  killServices();
  await rm(folder, { recursive: true, force: true });
});

const manager = (change: Partial<UnitOptions> = {}, edit = (unit: string) => unit) =>
  new ServiceManager(edit(unitText({ ...options, ...change })), folder);

/** What a running node does when it has said that it waits for the chain. */
const onceWaiting =
  (then: (child: Parameters<NonNullable<Parameters<ServiceManager['run']>[0]>>[0], nth: number) => void) =>
  (...[child, nth]: Parameters<typeof then>) => {
    let text = '';
    child.stdout?.on('data', (data) => {
      if (text.includes('E_CHAIN_UNREACHABLE')) return;
      text += data;
      if (text.includes('E_CHAIN_UNREACHABLE')) then(child, nth);
    });
  };

describe('a node as a service, without a chain', () => {
  it('a node that starts before its chain waits for it in one run, and ends cleanly when it is stopped', async () => {
    const { runs, state } = await manager().run(onceWaiting((child) => child.kill('SIGTERM')));
    expect(state).toBe('stopped');
    expect(runs.map(({ code }) => code)).toEqual([0]);
    expect(runs[0]!.stdout).toContain('the node waits for it');
  });

  it('a node that is killed is started again each time', async () => {
    const kill = onceWaiting((child, nth) => child.kill(nth <= 2 ? 'SIGKILL' : 'SIGTERM'));
    const { runs, state } = await manager().run(kill);
    expect(state).toBe('stopped');
    expect(runs.map(({ signal }) => signal)).toEqual(['SIGKILL', 'SIGKILL', null]);
    // Control: with a limit, the manager gives up. That the unit has none at any pace is in unit.test.ts.
    const limited = (unit: string) => unit.replace('StartLimitIntervalSec=0', 'StartLimitBurst=2');
    const quick = (unit: string) => limited(unit).replace(/^RestartSec=.*$/m, 'RestartSec=1');
    const given = await manager({}, quick).run(onceWaiting((child) => child.kill('SIGKILL')));
    expect(given.state).toBe('given up');
    expect(given.runs).toHaveLength(2);
  });

  it('a node whose home is in use is tried again until it is free', async () => {
    const first = startChorus(['start', '--home', options.home], {
      env: { ...process.env, HOME: folder, CHORUS_PASSWORD_FILE: options.passwordFile! },
    });
    const firstEnded = outcomeOf(first);
    try {
      await new Promise<void>((resolve) => onceWaiting(() => resolve())(first, 1));
      const { runs, state } = await manager().run((child, nth) => {
        child.once('close', () => nth === 2 && first.kill('SIGKILL'));
        onceWaiting(() => child.kill('SIGTERM'))(child, nth);
      });
      expect(state).toBe('stopped');
      // The lock of the process that was killed is free at once, or at the run after.
      expect(runs.map(({ code }) => code).slice(0, 2)).toEqual([75, 75]);
      expect(runs.at(-1)!.code).toBe(0);
    } finally {
      first.kill('SIGKILL');
      await firstEnded;
    }
  });

  it.each([
    ['a wrong password', 77, async () => ({ passwordFile: await wrongPassword() })],
    ['no node in its home', 78, async () => ({ home: join(folder, 'nothing') })],
    ['a damaged configuration', 78, async () => ({ home: await damagedHome() })],
  ])('a node with %s is given up at once, with exit code %i', async (_, code, change) => {
    const { runs, state } = await manager(await change()).run();
    expect(state).toBe('given up');
    expect(runs.map((run) => run.code)).toEqual([code]);
    expect(runs[0]!.stderr).not.toBe('');
  });
});

async function wrongPassword(): Promise<string> {
  const path = join(folder, 'wrong');
  await writeFile(path, 'wrong horse battery\n', { mode: 0o600 });
  return path;
}

async function damagedHome(): Promise<string> {
  const home = await mkdtemp(join(folder, 'damaged-'));
  const text = await readFile(join(options.home, 'config.yaml'), 'utf8');
  await writeFile(join(home, 'config.yaml'), `${text}\nthreads: many\n`);
  return home;
}
