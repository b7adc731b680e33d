import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { ResourceBudget } from '@chorus/node';
import type { Duty, TaskState, Terms } from '@chorus/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OWN_NETWORK } from '../config/own-network.ts';
import { privacyConfigSchema } from '../config/privacy-config.ts';
import { type Limits, limitsSchema } from '../config/settings.ts';
import type { NodeEvent } from '../events/training-events.ts';
import { LeftTasks } from './left-tasks.ts';
import { TaskBudget, type TaskFacts } from './task-budget.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-budget-'));
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
  const own = OWN_NETWORK.training;
  return limitsSchema.parse({
    ...rest,
    stake: { ...own.stake, ...stake },
    tasks: { ...own.tasks, ...tasks },
  });
}

const duty = (kind: Duty['kind']): Duty => ({ kind, round: 1, from: 0 }) as Duty;
const never = () => false;

function startResources(limits: object, machine: { hour?: number; rss?: number } = {}, privacy: object = {}) {
  const events: NodeEvent[] = [];
  const left = new LeftTasks(folder);
  const parsed = ownLimits(limits);
  const resources = new ResourceBudget({
    limits: parsed,
    emit: (event) => events.push(event),
    clock: () => new Date(2026, 0, 1, machine.hour ?? 12),
    rss: () => machine.rss ?? 100e6,
  });
  resources.start();
  const config = { limits: parsed, maxStake: '1000', privacy: privacyConfigSchema.parse(privacy) };
  const budget = new TaskBudget({ config, machine: resources, left, samples: 10 });
  return { budget, resources, left, events, machine };
}

describe('the gatekeeper', () => {
  it('the budget counts what running tasks may still reveal of the data as revealed', () => {
    const noisy = {
      ...terms,
      localEpochs: 1,
      batchSize: 10,
      privacy: { clip: 1_000, noiseMultiplier: 2_000 },
    } as Terms;
    // One step over all of the data with noise of twice the clip.
    const { budget, resources } = startResources({}, {}, { maxEpsilon: 2.5, delta: 1e-5 });
    expect(budget.take(task(1n, 0n), noisy, ['trainer'], FACTS).accept).toBe(true);
    expect(budget.take(task(2n, 0n), noisy, ['trainer'], FACTS)).toMatchObject({
      code: 'E_LIMIT_EPSILON',
    });
    // Asked again of the same task it counts once; a task that tells nothing counts for nothing.
    expect(budget.take(task(1n, 0n), noisy, ['trainer'], FACTS).accept).toBe(true);
    expect(budget.take(task(3n, 0n), noisy, ['aggregator'], FACTS).accept).toBe(true);
    // What was revealed stays revealed when the task is over, and is counted once while it is not.
    const run = { noiseMultiplier: 2, sampleRate: 1, steps: 1 };
    const told = [{ ...run, data: 'digits', taskId: 1n, trainings: 1 }];
    expect(budget.take(task(1n, 0n), noisy, ['trainer'], { ...FACTS, told }).accept).toBe(false);
    budget.release(1n);
    expect(budget.take(task(2n, 0n), noisy, ['trainer'], { ...FACTS, told })).toMatchObject({
      code: 'E_LIMIT_EPSILON',
    });
    expect(budget.take(task(2n, 0n), noisy, ['trainer'], FACTS).accept).toBe(true);
    resources.close();
  });

  it('the budget counts the stake of tasks that are joined at the same time', () => {
    const { budget, resources } = startResources({ stake: { total: '250' } });
    expect(budget.take(task(1n, 100n), terms, ['trainer'], FACTS).accept).toBe(true);
    expect(budget.take(task(2n, 100n), terms, ['trainer'], FACTS).accept).toBe(true);
    expect(budget.take(task(3n, 100n), terms, ['trainer'], FACTS)).toMatchObject({
      code: 'E_LIMIT_STAKE_TOTAL',
    });
    expect(budget.staked()).toEqual(new Map([[TOKEN.toLowerCase(), 200n]]));
    budget.release(1n);
    expect(budget.take(task(3n, 100n), terms, ['trainer'], FACTS).accept).toBe(true);
    resources.close();
  });

  it('the budget reserves the same task again without counting it twice', () => {
    const { budget, resources } = startResources({ stake: { total: '100' } });
    expect(budget.take(task(1n, 100n), terms, ['trainer'], FACTS).accept).toBe(true);
    expect(budget.take(task(1n, 100n), terms, ['trainer'], FACTS).accept).toBe(true);
    resources.close();
  });

  it('the budget reserves the memory of a task until its work is over, and its stake until its end', () => {
    const { budget, resources } = startResources({ memory: '500 MB' });
    expect(budget.take(task(1n, 100n), terms, ['trainer'], FACTS).accept).toBe(true);
    expect(budget.take(task(2n, 100n), terms, ['trainer'], FACTS).accept).toBe(true);
    expect(budget.take(task(3n, 100n), terms, ['trainer'], FACTS)).toMatchObject({
      code: 'E_LIMIT_MEMORY',
    });
    budget.idle(1n);
    expect(budget.take(task(3n, 100n), terms, ['trainer'], FACTS).accept).toBe(true);
    expect(budget.stakeIn(1n)).toBe(100n);
    resources.close();
  });

  it('the budget begins no round outside its hours, and lets begun rounds finish', () => {
    const { budget, resources, machine } = startResources({ hours: ['22:00-07:00'] });
    expect(budget.mayBegin(1n, duty('train'), never)).toBe(false);
    expect(budget.mayBegin(1n, duty('train'), () => true)).toBe(true);
    for (const kind of ['provide-update', 'open-reference', 'settle', 'advance'] as const) {
      expect(budget.mayBegin(1n, duty(kind), never)).toBe(true);
    }
    machine.hour = 23;
    expect(budget.mayBegin(1n, duty('train'), never)).toBe(true);
    expect(budget.mayBegin(1n, duty('seal-reference'), never)).toBe(true);
    resources.close();
  });

  it('a left task only gets the duties that others depend on', async () => {
    const { budget, resources, left } = startResources({});
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
    ).filter((kind) => budget.mayBegin(1n, duty(kind), () => true));
    expect(begun).toEqual(['provide-update', 'open-reference', 'post-verdict']);
    resources.close();
  });

  it('the budget reports once that memory is short, refuses tasks meanwhile, and reports the end', () => {
    const { resources, events, machine } = startResources({ memory: '1 GB' }, { rss: 500e6 });
    machine.rss = 950e6;
    vi.advanceTimersByTime(10_000);
    expect(events).toEqual([expect.objectContaining({ type: 'paused', code: 'E_LIMIT_MEMORY_PRESSURE' })]);
    expect(resources.pauses()).toHaveLength(1);
    // Below the upper mark, above the lower one: still short.
    machine.rss = 850e6;
    vi.advanceTimersByTime(10_000);
    expect(resources.pauses()).toHaveLength(1);
    machine.rss = 700e6;
    vi.advanceTimersByTime(10_000);
    expect(events.at(-1)).toEqual({ type: 'resumed', code: 'E_LIMIT_MEMORY_PRESSURE' });
    expect(resources.pauses()).toEqual([]);
    resources.close();
  });

  it('the budget reports when its hours begin and end', () => {
    const { resources, events, machine } = startResources({ hours: ['22:00-07:00'] }, { hour: 23 });
    machine.hour = 8;
    vi.advanceTimersByTime(5_000);
    machine.hour = 22;
    vi.advanceTimersByTime(5_000);
    expect(events.map(({ type }) => type)).toEqual(['paused', 'resumed']);
    resources.close();
  });
});

describe('left tasks', () => {
  it('left tasks stay left after a restart, until they are joined again', async () => {
    const left = new LeftTasks(folder);
    await left.add(7n);
    await left.add(8n);
    await left.delete(8n);
    const again = new LeftTasks(folder);
    await again.load();
    expect([again.has(7n), again.has(8n)]).toEqual([true, false]);
  });

  it('a damaged file of left tasks is an error', async () => {
    await writeFile(join(folder, 'left-tasks.json'), '["7",');
    await expect(new LeftTasks(folder).load()).rejects.toMatchObject({ code: 'E_LEFT_TASKS' });
  });

  it('the budget gives a model the memory that the node and its other tasks leave, and counts its measured use', () => {
    const { budget } = startResources({ memory: '2 GB' });
    expect(budget.memoryBytes).toBe(2e9);
    budget.take(task(1n, 1n), terms, ['trainer'], FACTS);
    expect(budget.modelBytes(1n)).toBe(1.8e9);
    budget.measured(1n, 1e9);
    expect(budget.modelBytes(1n)).toBe(1.8e9);
    expect(budget.modelBytes(2n)).toBe(0.8e9);
    budget.release(1n);
    expect(budget.modelBytes(2n)).toBe(1.8e9);
  });

  it('the budget has a default memory limit', () => {
    const { memoryBytes } = startResources({}).resources;
    expect(memoryBytes).toBeGreaterThan(0);
    expect(memoryBytes).toBeLessThanOrEqual(totalmem() / 2);
  });
});
