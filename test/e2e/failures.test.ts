import { describe, expect, it } from 'vitest';
import { demoKilling, expectResumedAfter } from './killing.ts';

describe('a trainer that dies', () => {
  it('while training is left out after the deadline, and the round settles without it', async () => {
    const report = await demoKilling('trainer-2', (event) => event === 'progress train 1');
    expect(report.rounds.map((r) => r.round)).toEqual([1, 2]);
    for (const round of report.rounds) {
      const dead = round.trainers.find((t) => t.id === 'trainer-2')!;
      expect(dead).toMatchObject({ weight: 0, share: 0, reward: '0' });
      expect(round.trainers.filter((t) => BigInt(t.reward) > 0n)).toHaveLength(3);
      expect(round.agreement).toEqual({ same: 6, of: 6 });
    }
    expect(report.ledger.balanced).toBe(true);
    expect(report.modelOpensCommitment).toBe(true);
  });

  it('after committing is left out by the votes of the validators that its payload cannot be had', async () => {
    const report = await demoKilling('trainer-2', (event) => event.startsWith('committed'));
    const dead = report.rounds[0]!.trainers.find((t) => t.id === 'trainer-2')!;
    expect(dead).toMatchObject({ weight: 0, share: 0, reward: '0' });
    expect(dead.reason).toContain('could not be had');
    expect(report.rounds).toHaveLength(2);
    expect(report.ledger.balanced).toBe(true);
    expect(report.modelOpensCommitment).toBe(true);
  });

  it('and is started again after committing gives its payload, and is paid for every round', async () => {
    await expectResumedAfter('committed - 2');
  });
});
