import type { DemoReport } from '@chorus/cli';
import { beforeAll, describe, expect, it } from 'vitest';
import { demoKilling, expectResumed } from './killing.ts';

/** One network, in which a trainer each dies in these ways. */
const [TRAINING, COMMITTED, RESTARTED] = ['trainer-2', 'trainer-3', 'trainer-4'] as const;

let report: DemoReport;
beforeAll(async () => {
  report = await demoKilling(7, [
    // In the round in which another one is missing as well: the others wait until one deadline, not two.
    { name: TRAINING, when: (event) => event === 'progress train 2' },
    { name: COMMITTED, when: (event) => event.startsWith('committed') },
    { name: RESTARTED, when: (event) => event === 'committed - 2', restart: true },
  ]);
});
const roundsOf = (name: string) => report.rounds.map((r) => r.trainers.find((t) => t.id === name)!);

describe('a trainer that dies', () => {
  it('leaves the others a network that settles every round, agrees and balances', () => {
    expect(report.rounds.map((r) => r.round)).toEqual([1, 2]);
    // Trainers 1, 2 (in the first round) and 4, three validators, the requester.
    expect(report.rounds.map(({ agreement }) => agreement)).toEqual([
      { same: 7, of: 7 },
      { same: 6, of: 6 },
    ]);
    expect(report.ledger.balanced).toBe(true);
    expect(report.modelOpensCommitment).toBe(true);
  });

  it('while training is left out after the deadline', () => {
    const [first, second] = roundsOf(TRAINING);
    expect(BigInt(first!.reward)).toBeGreaterThan(0n);
    expect(second).toMatchObject({ weight: 0, share: 0, reward: '0' });
  });

  it('after committing is left out by the votes of the validators that its payload is unavailable', () => {
    const [first] = roundsOf(COMMITTED);
    expect(first).toMatchObject({ weight: 0, share: 0, reward: '0' });
    expect(first!.reason).toContain('was not available');
  });

  it('and is started again after committing gives its payload, and is paid for every round', () => {
    expectResumed(report, RESTARTED, 6);
  });
});
