import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChorusError, type ErrorCode } from '@chorus/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MAX_ROUNDS_KEPT } from './history.ts';
import { Journal } from './journal.ts';
import type { RoundRecord } from './records.ts';
import type { StepPoint } from './steps.ts';

const TOKEN = '0x0000000000000000000000000000000000070ce2';
const OWNER = { chainId: 31337, contract: TOKEN, account: `0x${'a'.repeat(40)}` } as const;
const COMMIT = { taskId: 7n, round: 3, step: 'commit' } as const;

let folder: string;
let journal: Journal;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chorus-journal-'));
  journal = Journal.open(folder);
});
afterEach(() => {
  journal.close();
  rmSync(folder, { recursive: true, force: true });
});

function record(round: number, change: Partial<RoundRecord> = {}): RoundRecord {
  return {
    taskId: 7n,
    round,
    outcome: 'settled',
    token: TOKEN,
    trainer: 0,
    weight: 65536,
    share: 1000,
    reward: 10n ** 20n,
    fee: 5n,
    reason: 'Earned its share.',
    transaction: `0x${'1'.repeat(64)}`,
    model: `0x${'2'.repeat(64)}`,
    at: round,
    ...change,
  };
}

describe('a step', () => {
  it('a step is recorded before it is done and after, with integers of any size', async () => {
    const seen: unknown[] = [];
    const detail = { commitment: { x: 2n ** 253n, y: -5n }, digest: '0xab' };
    await journal.act(COMMIT, detail, async () => {
      seen.push(journal.step(COMMIT)?.state);
      return { transaction: '0x12' };
    });
    expect(seen).toEqual(['begun']);
    expect(journal.step(COMMIT)).toMatchObject({ state: 'done', detail: { ...detail, transaction: '0x12' } });
  });

  it('a step that the chain refuses is recorded as refused; one with unknown outcome stays begun', async () => {
    const failing = (code: ErrorCode) => () => Promise.reject(new ChorusError(code, 'no'));
    await expect(journal.act(COMMIT, {}, failing('E_CHAIN_DEADLINE_PASSED'))).rejects.toThrow();
    expect(journal.step(COMMIT)).toMatchObject({
      state: 'refused',
      detail: { code: 'E_CHAIN_DEADLINE_PASSED' },
    });
    await expect(journal.act(COMMIT, {}, failing('E_CHAIN_UNREACHABLE'))).rejects.toThrow();
    expect(journal.step(COMMIT)?.state).toBe('begun');
    await expect(journal.act(COMMIT, {}, failing('E_CHAIN_ALREADY_DONE'))).rejects.toThrow();
    expect(journal.step(COMMIT)?.state).toBe('done');
  });

  it('a step is not done if it cannot be recorded', async () => {
    let done = false;
    journal.close();
    const act = journal.act(COMMIT, {}, async () => {
      done = true;
      return undefined;
    });
    await expect(act).rejects.toThrow();
    expect(done).toBe(false);
  });

  it('a step waits for the gate before and after each write', async () => {
    journal.close();
    const points: string[] = [];
    const stepGate = async ({ step, state, when }: StepPoint) => {
      points.push(`${when} ${step} ${state}`);
    };
    journal = Journal.open(folder, { stepGate });
    await journal.act(COMMIT, {}, async () => undefined);
    journal.setTask(7n, 'joined');
    await journal.endRound(record(1), { digest: '0x' });
    expect(points).toEqual([
      'before commit begun',
      'after commit begun',
      'before commit done',
      'after commit done',
      'before model done',
      'after model done',
    ]);
  });
});

describe('what a day may cost', () => {
  it('spending of a day is its gas and the stake of its tasks, across a restart, without tasks that were not joined', () => {
    journal.store.spending.paidGas(5n);
    journal.store.spending.paidGas(10n ** 20n);
    journal.riskStake(1n, TOKEN, 100n);
    journal.riskStake(1n, TOKEN, 100n);
    journal.riskStake(2n, TOKEN, 50n);
    journal.riskStake(3n, `0x${'b'.repeat(40)}`, 7n);
    expect(journal.gasOfDay()).toBe(10n ** 20n + 5n);
    expect(journal.stakeOfDay(TOKEN)).toBe(150n);
    expect(journal.stakeOfDay(TOKEN, 2n)).toBe(100n);
    journal.forgetTask(2n);
    journal.close();
    journal = Journal.open(folder);
    expect(journal.stakeOfDay(TOKEN)).toBe(100n);
    expect(journal.gasOfDay()).toBe(10n ** 20n + 5n);
  });

  it('spending is deleted after a day', () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      journal.store.spending.paidGas(5n);
      journal.riskStake(1n, TOKEN, 100n);
      vi.setSystemTime(Date.now() + 23 * 3_600_000);
      expect([journal.gasOfDay(), journal.stakeOfDay(TOKEN)]).toEqual([5n, 100n]);
      vi.setSystemTime(Date.now() + 2 * 3_600_000);
      expect([journal.gasOfDay(), journal.stakeOfDay(TOKEN)]).toEqual([0n, 0n]);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('privacy spent on data', () => {
  const run = { noiseMultiplier: 0.5, sampleRate: 0.25, steps: 40 };

  it('trainings add up by data, task and kind, and are never deleted', () => {
    journal.setTask(1n, 'joined');
    journal.trainedOn('digits', 1n, run);
    journal.trainedOn('digits', 1n, run);
    journal.trainedOn('digits', 1n, { ...run, noiseMultiplier: 0 });
    journal.trainedOn('faces', 2n, run);
    journal.setTask(1n, 'ended');
    journal.forgetTask(2n);
    journal.close();
    journal = Journal.open(folder);
    expect(journal.dataUses()).toEqual([
      { data: 'digits', taskId: 1n, ...run, noiseMultiplier: 0, trainings: 1 },
      { data: 'digits', taskId: 1n, ...run, steps: 80, trainings: 2 },
      { data: 'faces', taskId: 2n, ...run, trainings: 1 },
    ]);
  });
});

describe('the history', () => {
  it('the history counts each round once, however often it is replayed', async () => {
    journal.setTask(7n, 'joined');
    for (const round of [1, 2, 3]) await journal.endRound(record(round), null);
    await journal.endRound(record(4, { outcome: 'void', reward: 0n, fee: 0n, model: null }), null);
    for (const round of [1, 2, 3]) await journal.endRound(record(round), null);
    expect(journal.totals()).toEqual([
      { token: TOKEN, rewards: 3n * 10n ** 20n, fees: 15n, claimed: 0n, settled: 3, paid: 3, void: 1 },
    ]);
    expect(journal.rounds({ limit: 2 }).map((r) => r.round)).toEqual([4, 3]);
    expect(journal.rounds({ taskId: 8n })).toEqual([]);
    expect(journal.rounds({ taskId: 7n })[1]).toEqual(record(3));
  });

  it('the history counts a payout once', async () => {
    const claim = { taskId: 7n, round: 0, step: 'claim' } as const;
    await journal.begin(claim, { amount: 12n });
    await journal.claimed(claim, TOKEN, 12n);
    await journal.claimed(claim, TOKEN, 12n);
    expect(journal.totals()[0]).toMatchObject({ claimed: 12n });
  });

  it('the history is bounded, as are steps, tasks and the file; the totals are not', async () => {
    journal.setTask(7n, 'joined');
    let size = 0;
    for (let round = 1; round <= MAX_ROUNDS_KEPT + 1_000; round++) {
      await journal.begin({ taskId: 7n, round, step: 'commit' }, { text: 'x'.repeat(200) });
      await journal.endRound(record(round), { digest: '0x' });
      if (round === MAX_ROUNDS_KEPT) size = statSync(journal.store.path).size;
    }
    expect(journal.rounds({ limit: 1e9 })).toHaveLength(MAX_ROUNDS_KEPT);
    expect(journal.steps(7n).length).toBeLessThan(20);
    expect(journal.totals()[0]!.settled).toBe(MAX_ROUNDS_KEPT + 1_000);
    expect(statSync(journal.store.path).size).toBeLessThan(size * 1.1);
    for (let id = 100n; id < 800n; id++) journal.setTask(id, 'ended');
    expect(journal.tasks().length).toBeLessThan(510);
  });
});

describe('a data folder', () => {
  it('a data folder serves one account on one contract of one chain', () => {
    journal.store.bind(OWNER);
    journal.store.bind({
      ...OWNER,
      account: OWNER.account.toUpperCase().replace('0X', '0x') as `0x${string}`,
    });
    for (const change of [{ chainId: 1 }, { contract: OWNER.account }, { account: TOKEN }] as const) {
      expect(() => journal.store.bind({ ...OWNER, ...change })).toThrow(
        expect.objectContaining({ code: 'E_STORE_FOREIGN' }),
      );
    }
  });

  it('the journal remembers what the node publishes, joins and sends, across a restart', async () => {
    const asked = { id: 'asked-once', requestDigest: '0x02', termsDigest: '0x01', after: 4n } as const;
    journal.publications.begin({ ...asked, terms: new Uint8Array([1, 2]) });
    journal.publications.begin({ ...asked, id: 'refused', terms: new Uint8Array([1, 2]) });
    journal.publications.end('refused', null);
    journal.setTask(9n, 'joining', ['peer']);
    journal.setTask(9n, 'joined');
    const { chainId, account } = OWNER;
    const call = { chainId, account, action: 'join', to: TOKEN, data: '0x', since: 1 } as const;
    await journal.store.transactions.put({ ...call, nonce: 3, signed: ['0x02f8'] });
    await journal.store.transactions.put({ ...call, nonce: 2, signed: ['0x02f9'] });
    journal.close();
    journal = Journal.open(folder);
    expect(journal.publications.open()).toEqual([{ ...asked, terms: new Uint8Array([1, 2]), taskId: null }]);
    expect(journal.publications.find('refused')).toBeNull();
    expect(journal.task(9n)).toEqual({ taskId: 9n, state: 'joined', providers: ['peer'] });
    expect((await journal.store.transactions.list(chainId, account)).map((t) => t.nonce)).toEqual([2, 3]);
    await journal.store.transactions.delete({ chainId, account, nonce: 2 });
    expect(await journal.store.transactions.list(chainId, account)).toEqual([
      { ...call, nonce: 3, signed: ['0x02f8'] },
    ]);
    expect(await journal.store.transactions.list(1, account)).toEqual([]);
    journal.publications.end('asked-once', 10n);
    expect(journal.publications.open()).toEqual([]);
    expect(journal.publications.find('asked-once')).toMatchObject({ taskId: 10n, requestDigest: '0x02' });
  });
});
