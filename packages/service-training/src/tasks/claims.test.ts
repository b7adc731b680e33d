import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ports } from '@chorus/node';
import { type Address, ChorusError } from '@chorus/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal } from '../journal/journal.ts';
import { Payout } from './claims.ts';

const TOKEN: Address = `0x${'aa'.repeat(20)}`;
const TASKS = [1n, 2n];

let folder: string;
let journal: Journal;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-payout-'));
  journal = Journal.open(folder);
});
afterEach(async () => {
  journal.close();
  await rm(folder, { recursive: true, force: true });
});

/** A contract that owes, and a wallet it pays to. */
function world() {
  const state = { reward: 0n, fees: 0n, paid: 0n, wallet: 0n, sent: 0 };
  /** What goes wrong with the next payout: before it arrives, after it was mined, or it is refused. */
  let fault: 'before' | 'after' | 'refused' | null = null;
  const away = () => new ChorusError('E_CHAIN_UNREACHABLE', 'no answer');
  const chain = {
    account: `0x${'bb'.repeat(20)}`,
    claimable: async () => state.reward + state.fees,
    memberAccount: async (taskId: bigint) => (taskId === 1n ? { claimed: state.paid } : null),
    claim: async () => {
      const now = fault;
      fault = null;
      state.sent++;
      if (now === 'refused') throw new ChorusError('E_CHAIN_NO_GAS', 'refused');
      if (now === 'before') throw away();
      const amount = state.reward + state.fees;
      if (amount === 0n) throw new ChorusError('E_CHAIN_NOTHING_TO_CLAIM', 'nothing');
      state.paid += state.reward;
      state.wallet += amount;
      state.reward = 0n;
      state.fees = 0n;
      if (now === 'after') throw away();
      return { amount, transaction: '0x01', block: 1, gasUsed: 1n };
    },
  };
  const parts = { ports: { chain } as unknown as Ports, signal: new AbortController().signal };
  return {
    state,
    fail: (how: typeof fault) => {
      fault = how;
    },
    open: () => new Payout({ ...parts, journal }),
    /** The process dies, and another one is started in its place. */
    restart: () => {
      journal.close();
      journal = Journal.open(folder);
      return new Payout({ ...parts, journal });
    },
  };
}

const claimed = () => journal.totals()[0]?.claimed ?? 0n;

describe('a payout', () => {
  it('a payout enters the totals with the paid amount, and nothing is sent if nothing is owed', async () => {
    const { state, open } = world();
    const payout = open();
    expect(await payout.claim(TOKEN, TASKS)).toBeNull();
    expect(state.sent).toBe(0);
    state.reward = 40n;
    state.fees = 2n;
    expect(await payout.claim(TOKEN, TASKS)).toMatchObject({ amount: 42n });
    expect(claimed()).toBe(42n);
  });

  it('a payout that was mined without an answer is counted once, after a restart', async () => {
    const { state, open, fail, restart } = world();
    state.fees = 42n;
    fail('after');
    await expect(open().claim(TOKEN, TASKS)).rejects.toMatchObject({ code: 'E_CHAIN_UNREACHABLE' });
    expect(claimed()).toBe(0n);
    await restart().recover();
    expect(claimed()).toBe(42n);
    await restart().recover();
    expect([claimed(), state.wallet, state.sent]).toEqual([42n, 42n, 1]);
  });

  it('a payout is counted in addition to the next one even if the same amount was earned since', async () => {
    const { state, open, fail } = world();
    const payout = open();
    state.reward = 10n;
    fail('after');
    await expect(payout.claim(TOKEN, TASKS)).rejects.toThrow();
    state.reward = 15n;
    expect(await payout.claim(TOKEN, TASKS)).toMatchObject({ amount: 15n });
    expect([claimed(), state.wallet]).toEqual([25n, 25n]);
  });

  it('a payout that was not mined is sent again after a restart', async () => {
    const { state, open, fail, restart } = world();
    state.reward = 10n;
    fail('before');
    await expect(open().claim(TOKEN, TASKS)).rejects.toThrow();
    await restart().recover();
    expect([claimed(), state.wallet, state.sent]).toEqual([10n, 10n, 2]);
  });

  it('a refused payout is over, and the next is sent as requested', async () => {
    const { state, open, fail, restart } = world();
    state.reward = 10n;
    fail('refused');
    await expect(open().claim(TOKEN, TASKS)).rejects.toMatchObject({ code: 'E_CHAIN_NO_GAS' });
    const payout = restart();
    await payout.recover();
    expect(state.sent).toBe(1);
    await payout.claim(TOKEN, TASKS);
    expect([claimed(), state.wallet]).toEqual([10n, 10n]);
  });

  it('a payout by hand while a task ends and the automatic one each count what they paid', async () => {
    const { state, open } = world();
    const payout = open();
    state.reward = 10n;
    const [one, other] = await Promise.all([payout.claim(TOKEN, TASKS), payout.claim(TOKEN, [1n])]);
    expect([one?.amount, other]).toEqual([10n, null]);
    expect([claimed(), state.wallet, state.sent]).toEqual([10n, 10n, 1]);
  });
});
