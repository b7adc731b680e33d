import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Duty, TaskState, Terms } from '@chorus/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OWN_NETWORK } from '../config/own-network.ts';
import type { NodeEvent } from '../events.ts';
import { privacyConfigSchema } from '../privacy/privacy-config.ts';
import { Gatekeeper, type TaskFacts } from './gatekeeper.ts';
import { LeftTasks } from './left-tasks.ts';
import { type Limits, limitsSchema } from './limits-config.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-gate-'));
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true, force: true });
});

const TOKEN = '0x00000000000000000000000000000000000000aA';
const OWNER = '0x00000000000000000000000000000000000000cc';
const task = (id: bigint, stake: bigint): TaskState =>
  ({
    id,
    owner: OWNER,
    token: TOKEN,
    stake,
    budget: 1000n,
    rounds: 1,
    maxTrainers: 2,
    minAggregators: 1,
    aggregatorFeeBps: 0,
    validatorFeeBps: 0,
    joinSeconds: 1,
    commitSeconds: 1,
    referenceSeconds: 1,
    settleSeconds: 1,
    contestSeconds: 1,
    dimension: 100,
    validators: [],
    slashing: { trainerAbsence: 0, validatorAbsence: 0, aggregatorAbsence: 0 },
  }) as unknown as TaskState;
const terms = {
  modelBytes: 1000,
  batchSize: 1,
  data: { inputShape: [4] },
  loss: { kind: 'softmax-cross-entropy' },
} as Terms;

/** A day on which nothing else was staked or spent, on a quick machine. */
const FACTS: TaskFacts = {
  account: OWNER,
  decimals: 0,
  stakedToday: 0n,
  gas: { spentToday: 0n, price: 0n },
  machine: { samples: 10, stepSeconds: 1e-3, blockSeconds: 1 },
  told: [],
};

/** Limits that leave everything open but what is given. */
function ownLimits({ stake = {}, tasks = {}, ...rest }: { stake?: object; tasks?: object }): Limits {
  const own = OWN_NETWORK.limits;
  return limitsSchema.parse({
    ...rest,
    stake: { ...own.stake, ...stake },
    tasks: { ...own.tasks, ...tasks },
  });
}

const duty = (kind: Duty['kind']): Duty => ({ kind, round: 1, from: 0 }) as Duty;
const never = () => false;

function gatekeeper(limits: object, machine: { hour?: number; rss?: number } = {}, privacy: object = {}) {
  const events: NodeEvent[] = [];
  const left = new LeftTasks(folder);
  const gate = new Gatekeeper({
    config: {
      limits: ownLimits(limits),
      maxStake: '1000',
      privacy: privacyConfigSchema.parse(privacy),
    },
    left,
    samples: 10,
    emit: (event) => events.push(event),
    clock: () => new Date(2026, 0, 1, machine.hour ?? 12),
    rss: () => machine.rss ?? 100e6,
  });
  gate.start();
  return { gate, left, events, machine };
}

describe('the gatekeeper', () => {
  it('counts what tasks under way may still tell of the data as if it were told', () => {
    const noisy = {
      ...terms,
      localEpochs: 1,
      batchSize: 10,
      privacy: { clip: 1_000, noiseMultiplier: 2_000 },
    } as Terms;
    // One step over all of the data with noise of twice the clip.
    const { gate } = gatekeeper({}, {}, { maxEpsilon: 2.5, delta: 1e-5 });
    expect(gate.take(task(1n, 0n), noisy, ['trainer'], FACTS).accept).toBe(true);
    expect(gate.take(task(2n, 0n), noisy, ['trainer'], FACTS)).toMatchObject({ code: 'E_LIMIT_EPSILON' });
    // Asked again of the same task it counts once; a task that tells nothing counts for nothing.
    expect(gate.take(task(1n, 0n), noisy, ['trainer'], FACTS).accept).toBe(true);
    expect(gate.take(task(3n, 0n), noisy, ['aggregator'], FACTS).accept).toBe(true);
    // What was told stays told when the task is over, and is counted once while it is not.
    const run = { noiseMultiplier: 2, sampleRate: 1, steps: 1 };
    const told = [{ ...run, data: 'digits', taskId: 1n, trainings: 1 }];
    expect(gate.take(task(1n, 0n), noisy, ['trainer'], { ...FACTS, told }).accept).toBe(false);
    gate.release(1n);
    expect(gate.take(task(2n, 0n), noisy, ['trainer'], { ...FACTS, told })).toMatchObject({
      code: 'E_LIMIT_EPSILON',
    });
    expect(gate.take(task(2n, 0n), noisy, ['trainer'], FACTS).accept).toBe(true);
    gate.close();
  });

  it('counts what is at stake in tasks that are being joined at the same time', () => {
    const { gate } = gatekeeper({ stake: { total: '250' } });
    expect(gate.take(task(1n, 100n), terms, ['trainer'], FACTS).accept).toBe(true);
    expect(gate.take(task(2n, 100n), terms, ['trainer'], FACTS).accept).toBe(true);
    expect(gate.take(task(3n, 100n), terms, ['trainer'], FACTS)).toMatchObject({
      code: 'E_LIMIT_STAKE_TOTAL',
    });
    expect(gate.staked()).toEqual(new Map([[TOKEN.toLowerCase(), 200n]]));
    gate.release(1n);
    expect(gate.take(task(3n, 100n), terms, ['trainer'], FACTS).accept).toBe(true);
    gate.close();
  });

  it('takes the same task again without counting it twice', () => {
    const { gate } = gatekeeper({ stake: { total: '100' } });
    expect(gate.take(task(1n, 100n), terms, ['trainer'], FACTS).accept).toBe(true);
    expect(gate.take(task(1n, 100n), terms, ['trainer'], FACTS).accept).toBe(true);
    gate.close();
  });

  it('reserves the memory of a task until its work is over, and its stake until its end', () => {
    const { gate } = gatekeeper({ memory: '500 MB' });
    expect(gate.take(task(1n, 100n), terms, ['trainer'], FACTS).accept).toBe(true);
    expect(gate.take(task(2n, 100n), terms, ['trainer'], FACTS).accept).toBe(true);
    expect(gate.take(task(3n, 100n), terms, ['trainer'], FACTS)).toMatchObject({ code: 'E_LIMIT_MEMORY' });
    gate.idle(1n);
    expect(gate.take(task(3n, 100n), terms, ['trainer'], FACTS).accept).toBe(true);
    expect(gate.stakeIn(1n)).toBe(100n);
    gate.close();
  });

  it('begins no round outside its hours, and finishes what it has begun', () => {
    const { gate, machine } = gatekeeper({ hours: ['22:00-07:00'] });
    expect(gate.mayBegin(1n, duty('train'), never)).toBe(false);
    expect(gate.mayBegin(1n, duty('train'), () => true)).toBe(true);
    for (const kind of ['provide-update', 'open-reference', 'settle', 'advance'] as const) {
      expect(gate.mayBegin(1n, duty(kind), never)).toBe(true);
    }
    machine.hour = 23;
    expect(gate.mayBegin(1n, duty('train'), never)).toBe(true);
    expect(gate.mayBegin(1n, duty('seal-reference'), never)).toBe(true);
    gate.close();
  });

  it('does for a task that was left only what others wait for', async () => {
    const { gate, left } = gatekeeper({});
    await left.add(1n);
    const begun = (
      [
        'train',
        'seal-reference',
        'provide-update',
        'open-reference',
        'post-verdict',
        'settle',
        'advance',
      ] as const
    ).filter((kind) => gate.mayBegin(1n, duty(kind), () => true));
    expect(begun).toEqual(['provide-update', 'open-reference', 'post-verdict']);
    gate.close();
  });

  it('says once that memory is short, refuses tasks meanwhile, and says when it is over', () => {
    const { gate, events, machine } = gatekeeper({ memory: '1 GB' }, { rss: 500e6 });
    machine.rss = 950e6;
    vi.advanceTimersByTime(10_000);
    expect(events).toEqual([expect.objectContaining({ type: 'paused', code: 'E_LIMIT_MEMORY_PRESSURE' })]);
    expect(gate.pauses()).toHaveLength(1);
    // Below the upper mark, above the lower one: still short.
    machine.rss = 850e6;
    vi.advanceTimersByTime(10_000);
    expect(gate.pauses()).toHaveLength(1);
    machine.rss = 700e6;
    vi.advanceTimersByTime(10_000);
    expect(events.at(-1)).toEqual({ type: 'resumed', code: 'E_LIMIT_MEMORY_PRESSURE' });
    expect(gate.pauses()).toEqual([]);
    gate.close();
  });

  it('says when its hours begin and end', () => {
    const { gate, events, machine } = gatekeeper({ hours: ['22:00-07:00'] }, { hour: 23 });
    machine.hour = 8;
    vi.advanceTimersByTime(5_000);
    machine.hour = 22;
    vi.advanceTimersByTime(5_000);
    expect(events.map(({ type }) => type)).toEqual(['paused', 'resumed']);
    gate.close();
  });
});

describe('tasks that were left', () => {
  it('stay left after a restart, until they are taken up again', async () => {
    const left = new LeftTasks(folder);
    await left.add(7n);
    await left.add(8n);
    await left.delete(8n);
    const again = new LeftTasks(folder);
    await again.load();
    expect([again.has(7n), again.has(8n)]).toEqual([true, false]);
  });

  it('are not guessed at where their file is damaged', async () => {
    await writeFile(join(folder, 'left-tasks.json'), '["7",');
    await expect(new LeftTasks(folder).load()).rejects.toMatchObject({ code: 'E_LEFT_TASKS' });
  });

  it('gives a model what the node and its other tasks leave, and counts what it was seen to take', () => {
    const { gate } = gatekeeper({ memory: '2 GB' });
    expect(gate.memoryBytes).toBe(2e9);
    gate.take(task(1n, 1n), terms, ['trainer'], FACTS);
    expect(gate.modelBytes(1n)).toBe(1.8e9);
    gate.measured(1n, 1e9);
    expect(gate.modelBytes(1n)).toBe(1.8e9);
    expect(gate.modelBytes(2n)).toBe(0.8e9);
    gate.release(1n);
    expect(gate.modelBytes(2n)).toBe(1.8e9);
  });

  it('has a memory limit of its own where none is set', () => {
    const { memoryBytes } = gatekeeper({}).gate;
    expect(memoryBytes).toBeGreaterThan(0);
    expect(memoryBytes).toBeLessThanOrEqual(totalmem() / 2);
  });
});
