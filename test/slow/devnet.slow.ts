import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { machineFactor } from '../../apps/cli/src/environment/machine.ts';
import { outcomeOf, startChorus } from '../../apps/cli/src/testing/chorus-process.ts';

let folder: string;
let env: NodeJS.ProcessEnv;
let node: ChildProcess | null = null;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-devnet-'));
  await writeFile(join(folder, 'password'), 'correct horse battery\n', { mode: 0o600 });
  env = {
    ...process.env,
    CHORUS_HOME: join(folder, 'home'),
    CHORUS_DEVNET: join(folder, 'devnet'),
    CHORUS_PASSWORD_FILE: join(folder, 'password'),
  };
});
afterAll(async () => {
  node?.kill('SIGKILL');
  await chorus(['devnet', 'down', '--delete']).catch(() => {});
  await rm(folder, { recursive: true, force: true });
});

const chorus = (args: string[]) => outcomeOf(startChorus(args, { env }));

async function json(args: string[]) {
  const { code, stdout, stderr } = await chorus([...args, '--json']);
  expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** The same question until its answer is as wanted. */
async function until<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    const answer = await ask().catch(() => null);
    if (answer !== null && wanted(answer)) return answer;
    if (attempt > 120 * machineFactor()) throw new Error(`still ${JSON.stringify(answer)}`);
    await delay(500);
  }
}

interface Started {
  peers: number;
}

async function startNode(): Promise<Started> {
  node = startChorus(['start'], { env });
  const { network } = await until(
    () => json(['status']),
    ({ state, network: { peers } }) => state === 'ready' && peers >= 3,
  );
  return network;
}

describe('a newcomer on a devnet', () => {
  it('has a network, a node of its own, a task, and money', async () => {
    const devnet = await json(['devnet', 'up']);
    expect(devnet.nodes).toHaveLength(4);
    const made = await json(['init', '--network', 'devnet', '--roles', 'trainer']);
    expect(BigInt(made.funded)).toBeGreaterThan(0n);
    expect((await startNode()).peers).toBeGreaterThanOrEqual(3);

    const created = await chorus(['task', 'create', '--devnet', '--rounds', '2', '--json']);
    expect(created.code).toBe(0);
    const last = JSON.parse(created.stdout.trim().split('\n').at(-1)!);
    expect(last.taskId).toBe('1');
    expect(last.accuracy).toBeGreaterThan(0.5);

    const { earned } = await until(
      () => json(['rewards']),
      ({ earned: list }) => list.length > 0 && list[0].paid === 2,
    );
    expect(BigInt(earned[0].amount)).toBeGreaterThan(0n);
    const { models } = await json(['model', 'list']);
    expect(models).toMatchObject([{ task: '1', settled: 2, rounds: 2 }]);
    const file = join(folder, 'model.onnx');
    const got = await json(['model', 'get', '--home', env.CHORUS_HOME!, '--task', '1', '-o', file]);
    expect(got).toMatchObject({ written: true, source: 'aggregates' });
    expect((await stat(file)).size).toBeGreaterThan(100_000);
  });

  it('finds every check of doctor passed but those of other machines', async () => {
    const { findings } = await json(['doctor']);
    const of = (what: string) => findings.find((finding: { what: string }) => finding.what === what);
    for (const what of ['identity', 'node', 'data', 'peers', 'chain', 'clock', 'verifiers', 'wallet']) {
      expect(of(what), what).toMatchObject({ state: 'ok' });
    }
    expect(of('contracts').found).toContain('code hashes agree');
  });

  it('ends its node and the devnet, and finds both as they were', async () => {
    const before = await json(['status']);
    await json(['stop']);
    expect((await chorus(['status'])).code).toBe(69);
    await json(['devnet', 'down']);
    expect((await chorus(['devnet', 'status'])).code).toBe(69);

    await json(['devnet', 'up']);
    await startNode();
    const after = await json(['status']);
    expect(after.identity).toEqual(before.identity);
    expect(after.earned).toEqual(before.earned);
    // How long stages took is of a run, what was earned is for good.
    const lasting = ({ stageSeconds: _, ...round }: Record<string, unknown>) => round;
    expect(after.rounds.map(lasting)).toEqual(before.rounds.map(lasting));
    const { nodes } = await json(['devnet', 'status']);
    expect(nodes.map(({ state }: { state: string }) => state)).toEqual(Array(4).fill('ready'));
    expect(nodes.some(({ earned }: { earned: string }) => BigInt(earned) > 0n)).toBe(true);
  });

  it('has a node of the devnet started again that was killed, and the rest ended with what held it together', async () => {
    const { nodes } = await json(['devnet', 'status']);
    const pidOf = async () => (await json(['status', '--home', nodes[0].home])).node.pid as number;
    const pid = await pidOf();
    process.kill(pid, 'SIGKILL');
    await until(pidOf, (now) => now !== pid);

    const { pid: holder, rpc } = JSON.parse(await readFile(join(env.CHORUS_DEVNET!, 'devnet.json'), 'utf8'));
    process.kill(holder, 'SIGKILL');
    await until(
      () =>
        fetch(rpc).then(
          () => false,
          () => true,
        ),
      (gone) => gone,
    );
    await until(
      () => chorus(['status', '--home', nodes[0].home]),
      ({ code }) => code === 69,
    );
    expect((await json(['devnet', 'up'])).rpc).toBe(rpc);
  });
});
