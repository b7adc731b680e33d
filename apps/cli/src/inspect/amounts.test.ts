import { stripVTControlCharacters } from 'node:util';
import type { ListedRound, RoundExplanation } from '@chorus/inspector';
import { SHARE_ONE, type TaskState, WEIGHT_ONE } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { listView } from './proof-view.ts';
import { whyRound, whyTrainer } from './why.ts';

const ALICE = `0x${'a1'.repeat(20)}` as const;
const NAMES = { nameOf: () => 'alice', privacy: null };

const task = {
  id: 1n,
  rounds: 2,
  status: 'running',
  trainers: [ALICE],
  minShareBps: 0,
} as unknown as TaskState;
const settled = {
  round: 1,
  aggregator: ALICE,
  transaction: `0x${'77'.repeat(32)}`,
  block: 9,
  gasUsed: 1_000n,
  weights: [WEIGHT_ONE],
  shares: [SHARE_ONE],
  rewards: [3_750_000n],
  unavailable: [],
};

/** A settled round of one trainer, without its matrix. */
const round = (decimals: number | null) =>
  ({
    task,
    decimals,
    rule: 'reference-trust',
    terms: null,
    round: { updates: [null] },
    settled,
    money: {
      budget: 4_000_000n,
      protocolFee: 100_000n,
      aggregatorFee: 100_000n,
      validatorFee: 50_000n,
      pool: 3_750_000n,
    },
    paidAsAgreed: true,
    missing: null,
    cids: [null],
    measured: [null],
    gram: null,
    result: null,
    reasons: [],
    agrees: null,
  }) as unknown as RoundExplanation;

const plain = stripVTControlCharacters;

describe('amounts of a round', () => {
  it('are in the decimals of the token of its task', () => {
    const all = plain(whyRound(NAMES, round(6)));
    expect(all).toContain(
      'round budget 4.0000 tokens - protocol 0.1000 - aggregator 0.1000 - validators 0.0500 = pool 3.7500',
    );
    expect(plain(whyTrainer(NAMES, round(6), 0))).toMatch(/reward .* 3,750,000 .* 3\.7500 tokens/);
    const listed = [{ settled, fault: null }] as unknown as ListedRound[];
    expect(plain(listView(NAMES, task, listed, 6))).toMatch(/3\.7500 .*proof ok/);
    expect(plain(listView(NAMES, task, listed, 2))).toMatch(/37500\.0000 .*proof ok/);
  });

  it('are smallest units while the chain does not say the decimals', () => {
    expect(plain(whyRound(NAMES, round(null)))).toContain(
      'round budget 4000000 units - protocol 100000 units',
    );
    expect(plain(whyTrainer(NAMES, round(null), 0))).toMatch(/reward .* 3750000 units/);
  });
});
