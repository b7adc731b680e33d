import { Signature } from 'ethers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectRefusal, read } from './evm.ts';
import {
  bits,
  OFFENCE,
  openTaskWorld,
  type Player,
  point,
  type SettlementPlan,
  SHARE_ONE,
  STATUS,
  type TaskWorld,
} from './tasks/harness.ts';

describe('settling a round', () => {
  let world: TaskWorld;
  beforeAll(async () => {
    world = await openTaskWorld();
  });
  beforeEach(() => world.restore());
  afterAll(() => world?.close());

  /** A running task in the settle phase of round 1. */
  const ready = async (changes = {}, who = {}): Promise<bigint> => {
    const taskId = await world.start(changes);
    await world.toSettle(taskId, 1, who);
    return taskId;
  };
  const refused = async (error: string, taskId: bigint, plan: SettlementPlan): Promise<void> => {
    const [first] = (await world.order(taskId)) as [Player];
    await expectRefusal(error, world.by(first), 'settle', taskId, 1, await world.settlement(taskId, 1, plan));
  };

  describe('money', () => {
    it('a settlement divides the budget of the round to the unit, and keeps the rest in escrow', async () => {
      const taskId = await ready();
      const [first] = (await world.order(taskId)) as [Player];
      const shares = [SHARE_ONE / 2, SHARE_ONE / 4, 0];
      const receipt = await world.settle(taskId, 1, { weights: [40000, 20000, 5536], shares });
      const [settled] = world.events(receipt, 'RoundSettled');
      // floor(1000003 / 2) = 500001; floors of 1 %, 3 % and 2 %, of these a third for each validator.
      const { budget, pool, protocolFee, aggregatorFee, validatorFee } = settled;
      expect([budget, protocolFee, aggregatorFee, validatorFee]).toEqual([500_001n, 5_000n, 15_000n, 9_999n]);
      expect(pool).toBe(470_001n);
      expect([...settled.rewards]).toEqual([235_000n, 117_500n, 0n]);
      const task = await world.task(taskId);
      expect(task.remaining).toBe(1_000_003n - 5_000n - 15_000n - 9_999n - 352_500n);
      expect(task.protocolFees).toBe(5_000n);
      expect(await world.claimable(first)).toBe(15_000n);
      for (const validator of world.validators) expect(await world.claimable(validator)).toBe(3_333n);
      for (const [i, trainer] of world.trainers.entries()) {
        expect((await world.member(taskId, trainer)).earned).toBe(settled.rewards[i]);
        expect(await world.claimable(trainer, [taskId])).toBe(settled.rewards[i]);
        expect(await world.claimable(trainer)).toBe(0n);
      }
      const record = await read(world.tasks, 'getRecord', taskId, 1);
      expect(record.toObject(true)).toEqual({
        round: 1n,
        pool,
        included: bits(0, 1, 2),
        shares: [...settled.shares],
      });
    });

    it('two trainers in one slot do not touch each other, over many rounds', async () => {
      const taskId = await world.start({ rounds: 6, budget: 6n * 10n ** 18n });
      const earned = [0n, 0n, 0n];
      for (let round = 1; round <= 6; round++) {
        const shares = [0, 1, 2].map((i) => (SHARE_ONE / 4) * (((round + i) % 3) / 2) + round);
        const receipt = await world.play(taskId, round, { weights: [1, 1, 1], shares });
        const { rewards } = world.events(receipt, 'RoundSettled')[0];
        for (const i of [0, 1, 2]) {
          earned[i]! += rewards[i];
          expect((await world.member(taskId, world.trainers[i]!)).earned).toBe(earned[i]);
        }
      }
      expect((await world.task(taskId)).status).toBe(STATUS.ended);
    });

    it('a whole share takes the whole pool, and the last round leaves only what division left', async () => {
      const taskId = await world.start({ rounds: 2, aggregatorFeeBps: 0, validatorFeeBps: 0, budget: 101n });
      for (const round of [1, 2]) {
        const shares = [0, SHARE_ONE, 0];
        await world.play(taskId, round, { weights: [0, 65536, 0], shares });
      }
      // 50 and 51 less their hundredth, floored to nothing.
      expect((await world.member(taskId, world.trainers[1]!)).earned).toBe(101n);
      expect((await world.task(taskId)).remaining).toBe(0n);
    });

    it('a dust budget pays no one and is not lost', async () => {
      const taskId = await world.start({ budget: 1n, rounds: 2 });
      const thirds = [1431655765, 1431655765, 1431655765];
      for (const round of [1, 2]) await world.play(taskId, round, { weights: [1, 1, 1], shares: thirds });
      for (const trainer of world.trainers) expect((await world.member(taskId, trainer)).earned).toBe(0n);
      expect((await world.task(taskId)).remaining).toBe(1n);
      await world.send(world.owner, 'refund', taskId);
    });

    it('an amount added to a running task is spread over its remaining rounds', async () => {
      const taskId = await world.start({ rounds: 3, budget: 900n, aggregatorFeeBps: 0, validatorFeeBps: 0 });
      const first = await world.play(taskId, 1);
      await world.send(world.stranger, 'topUp', taskId, 100n);
      const second = await world.play(taskId, 2);
      const budgets = [first, second].map((r) => world.events(r, 'RoundSettled')[0].budget);
      // 900 / 3, less its fee of 3; then 997 / 2.
      expect(budgets).toEqual([300n, 498n]);
    });

    it('a settlement adds every aggregate to the total commitment', async () => {
      const taskId = await ready();
      await world.settle(taskId, 1, { aggregate: point(7n) });
      await world.play(taskId, 2, { aggregate: point(11n) });
      expect((await world.task(taskId)).totalCommitment.toObject()).toEqual(point(18n));
    });
  });

  describe('losses', () => {
    const settledWith = async (losses: [bigint, bigint][], changes = {}, voters = world.validators) => {
      await world.restore();
      const taskId = await ready({ rounds: 1, ...changes });
      const receipt = await world.settle(taskId, 1, { weights: [1], shares: [SHARE_ONE], losses, voters });
      const { lossBefore, lossAfter, pool, rewards } = world.events(receipt, 'RoundSettled')[0];
      return {
        lossBefore,
        lossAfter,
        pool,
        reward: rewards[0],
        remaining: (await world.task(taskId)).remaining,
      };
    };

    it('the lower medians of the votes count, each for itself', async () => {
      const losses: [bigint, bigint][] = [
        [30n, 1n],
        [10n, 3n],
        [20n, 2n],
      ];
      expect(await settledWith(losses)).toMatchObject({ lossBefore: 20n, lossAfter: 2n });
      const two = losses.slice(0, 2);
      const voters = world.validators.slice(0, 2);
      expect(await settledWith(two, {}, voters)).toMatchObject({ lossBefore: 10n, lossAfter: 1n });
      const greatest = 2n ** 64n - 1n;
      const all: [bigint, bigint][] = [
        [greatest, 0n],
        [greatest, 0n],
        [0n, greatest],
      ];
      expect(await settledWith(all)).toMatchObject({ lossBefore: greatest, lossAfter: 0n });
    });

    it('a loss that did not fall releases the part that the terms say, and the rest stays in escrow', async () => {
      const same: [bigint, bigint][] = Array(3).fill([5n, 5n]);
      const fell: [bigint, bigint][] = Array(3).fill([5n, 4n]);
      // 940,003 of 1,000,003, floors taken; a quarter of it.
      expect(await settledWith(fell, { stagnationBps: 2500 })).toMatchObject({
        pool: 940_003n,
        reward: 940_003n,
      });
      const stagnant = await settledWith(same, { stagnationBps: 2500 });
      expect(stagnant).toMatchObject({ pool: 235_000n, reward: 235_000n });
      expect(stagnant.remaining).toBe(940_003n - 235_000n + 2n);
      expect(await settledWith(same, { stagnationBps: 0 })).toMatchObject({ pool: 0n, reward: 0n });
      expect(await settledWith(same, { stagnationBps: 10_000 })).toMatchObject({ pool: 940_003n });
    });

    it('one lying validator of three does not change the release', async () => {
      const losses: [bigint, bigint][] = [
        [5n, 4n],
        [0n, 2n ** 63n],
        [5n, 4n],
      ];
      expect(await settledWith(losses, { stagnationBps: 0 })).toMatchObject({ pool: 940_003n });
    });
  });

  describe('votes', () => {
    it('votes of a strict majority of the active validators are needed', async () => {
      const taskId = await ready();
      await refused('NotEnoughVotes', taskId, { voters: [] });
      await refused('NotEnoughVotes', taskId, { voters: world.validators.slice(0, 1) });
      await world.settle(taskId, 1, { voters: world.validators.slice(1) });
    });

    it('half of the validators is not a majority, and those that did not join do not count', async () => {
      const taskId = await world.create();
      for (const p of world.trainers) await world.join(taskId, p, 1);
      for (const p of world.validators.slice(0, 2)) await world.join(taskId, p, 2);
      for (const p of world.aggregators) await world.join(taskId, p, 4);
      await world.expire(taskId);
      await world.toSettle(taskId, 1, { sealing: [0, 1] });
      await refused('NotEnoughVotes', taskId, { voters: world.validators.slice(0, 1) });
      await refused('InvalidVotes', taskId, { voters: world.validators.slice(1) });
      await world.settle(taskId, 1, { voters: world.validators.slice(0, 2) });
    });

    it('votes of others, twice, or for anything else are refused', async () => {
      const taskId = await ready();
      const [a, b] = world.validators as [Player, Player];
      const vote = await world.verdict(a, taskId, 1);
      const other = await world.start();
      const second = await world.verdict(b, taskId, 1);
      const judged = await world.commitments(taskId, 1);
      const wrong = [
        vote,
        await world.verdict(b, taskId, 2, { judged }),
        await world.verdict(b, other, 1, { judged }),
        await world.verdict(b, taskId, 1, { unavailable: 1n }),
        await world.verdict(b, taskId, 1, { rejected: 1n }),
        await world.verdict(world.trainers[0]!, taskId, 1),
        await world.verdict(world.stranger, taskId, 1),
        { ...second, lossBefore: 1n },
        { ...second, lossAfter: 1n },
        { ...second, validator: world.validators[2]!.address },
        { ...second, signature: vote.signature },
        { ...second, signature: '0x' },
      ];
      for (const last of wrong) await refused('InvalidVotes', taskId, { votes: [vote, last] });
      await world.settle(taskId, 1, { votes: [vote, second] });
    });

    it('votes on any other commitments than those of the round are refused', async () => {
      const taskId = await ready();
      const [a, b] = world.validators as [Player, Player];
      const vote = await world.verdict(a, taskId, 1);
      const { updates, references } = await world.commitments(taskId, 1);
      const another = { commitment: point(99n) };
      for (const judged of [
        { updates: [], references: [] },
        { updates, references: [] },
        ...updates.map((_, i) => ({ updates: updates.with(i, another), references })),
        ...references.map((_, i) => ({ updates, references: references.with(i, another) })),
        { updates: updates.toReversed(), references },
        { updates: [...updates, another], references },
      ]) {
        await refused('InvalidVotes', taskId, {
          votes: [vote, await world.verdict(b, taskId, 1, { judged })],
        });
      }
      await world.settle(taskId, 1, { votes: [vote, await world.verdict(b, taskId, 1)] });
    });

    it('votes in the other form of their signature, or the short one, are refused', async () => {
      const taskId = await ready();
      const [a, b] = world.validators as [Player, Player];
      const [first, vote] = [await world.verdict(a, taskId, 1), await world.verdict(b, taskId, 1)];
      const { r, s, v, compactSerialized } = Signature.from(vote.signature);
      const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
      const high = (n - BigInt(s)).toString(16).padStart(64, '0');
      const malleated = `${r}${high}${(v === 27 ? 28 : 27).toString(16)}`;
      for (const signature of [malleated, compactSerialized, `${vote.signature}00`]) {
        await refused('InvalidVotes', taskId, { votes: [first, { ...vote, signature }] });
      }
    });

    it('votes of another chain or contract are refused', async () => {
      const taskId = await ready();
      const [a, b] = world.validators as [Player, Player];
      const first = await world.verdict(a, taskId, 1);
      const domain = world.domain();
      for (const changes of [{ chainId: 1 }, { verifyingContract: world.owner.address }, { version: '2' }]) {
        world.domain = () => ({ ...domain, ...changes });
        const foreign = await world.verdict(b, taskId, 1);
        world.domain = () => domain;
        await refused('InvalidVotes', taskId, { votes: [first, foreign] });
      }
    });
  });

  describe('bitmaps, weights and shares', () => {
    it('bits for trainers that did not commit, or beyond the trainers, are refused', async () => {
      const taskId = await ready({}, { trainers: [0, 1] });
      for (const bit of [2, 3, 15, 16, 255]) {
        await refused('UnavailableNotCommitted', taskId, { unavailable: bits(bit) });
      }
    });

    it('bits for references that were not opened, or all of them, are refused', async () => {
      const taskId = await ready({}, { sealing: [0, 1] });
      for (const bit of [2, 3, 15, 16, 255])
        await refused('RejectedNotOpened', taskId, { rejected: bits(bit) });
      await refused('NoReferenceLeft', taskId, { rejected: bits(0, 1) });
      await world.settle(taskId, 1, { rejected: bits(1) });
    });

    it('weights above one or shares above one are refused, one itself is not', async () => {
      const taskId = await ready();
      await refused('WeightsExceedOne', taskId, { weights: [65536, 1] });
      await refused('SharesExceedOne', taskId, { shares: [SHARE_ONE, 1] });
      await world.settle(taskId, 1, { weights: [65535, 1], shares: [SHARE_ONE - 1, 1] });
    });

    it('a weight or share for a trainer that is absent, left out, or does not exist is refused', async () => {
      const taskId = await ready({}, { trainers: [0, 1] });
      for (const index of [2, 3, 15]) {
        const one = Array.from({ length: index + 1 }, (_, i) => (i === index ? 1 : 0));
        await refused('AbsentTrainerRewarded', taskId, { weights: one });
        await refused('AbsentTrainerRewarded', taskId, { shares: one });
      }
      await refused('AbsentTrainerRewarded', taskId, { unavailable: bits(1), shares: [0, 1] });
    });

    it('bits beyond the last weight or share are not read as anything', async () => {
      const taskId = await ready();
      const [first] = (await world.order(taskId)) as [Player];
      const plan = (await world.settlement(taskId, 1, { shares: [SHARE_ONE / 2] })) as { shares: bigint[] };
      const shares = [plan.shares[0]! | (2n ** 255n), 2n ** 240n, (2n ** 200n) | (2n ** 66n)];
      await world.send(first, 'settle', taskId, 1, { ...plan, shares });
      const record = await read(world.tasks, 'getRecord', taskId, 1);
      expect([...record.shares]).toEqual([plan.shares[0], 0n, 0n]);
      expect(record.round).toBe(1n);
      expect(record.included).toBe(bits(0, 1, 2));
      expect(record.pool).toBe(470_001n);
    });
  });

  describe('rejected references', () => {
    it('rejected references earn no fee and are slashed at once, and the others share the fee', async () => {
      const taskId = await ready();
      const before = (await world.task(taskId)).remaining;
      const receipt = await world.settle(taskId, 1, { rejected: bits(1) });
      const [first] = world.events(receipt, 'RoundSettled');
      expect([first.rejected, first.validatorFee]).toEqual([bits(1), 10_000n]);
      expect(await world.claimable(world.validators[0]!)).toBe(5_000n);
      expect(await world.claimable(world.validators[1]!)).toBe(0n);
      expect(await world.claimable(world.validators[2]!)).toBe(5_000n);
      expect(world.slashes(receipt)).toMatchObject([
        { member: world.validators[1]!.address, kind: OFFENCE.rejectedReference, toTask: 800n },
      ]);
      expect((await world.task(taskId)).remaining).toBe(before - 5_000n - 15_000n - 10_000n + 800n);
      expect(await world.lockOf(taskId, world.validators[1]!)).toBe(8_000n);
    });

    it('rejected references of every round count for themselves', async () => {
      const taskId = await ready();
      await world.settle(taskId, 1, { rejected: bits(1) });
      await world.play(taskId, 2, { rejected: bits(1) });
      expect(await world.lockOf(taskId, world.validators[1]!)).toBe(6_000n);
    });
  });

  it('a settlement of a round in which everyone was unavailable pays no trainer and opens every case', async () => {
    const taskId = await ready();
    const receipt = await world.settle(taskId, 1, { unavailable: bits(0, 1, 2) });
    expect(world.events(receipt, 'CaseOpened')).toHaveLength(3);
    expect((await world.task(taskId)).openCases).toBe(3n);
    expect((await read(world.tasks, 'getRecord', taskId, 1)).included).toBe(0n);
  });

  it('the last settlement ends the task, and the block of each end is known', async () => {
    const taskId = await ready();
    const ends = [await world.settle(taskId, 1), await world.play(taskId, 2)];
    expect(world.events(ends[1]!, 'TaskEnded')).toHaveLength(1);
    expect((await world.task(taskId)).status).toBe(STATUS.ended);
    for (const [i, receipt] of ends.entries()) {
      expect(await read(world.tasks, 'endBlock', taskId, i + 1)).toBe(BigInt(receipt.blockNumber));
    }
    expect(await read(world.tasks, 'endBlock', taskId, 3)).toBe(0n);
  });

  it('records are kept for sixteen rounds, and void ones have none', async () => {
    const taskId = await world.start({ rounds: 18, vestingRounds: 0 });
    for (let round = 1; round <= 18; round++) {
      if (round === 17) await world.expire(taskId);
      else await world.play(taskId, round, { weights: [1], shares: [round] });
    }
    const rounds = await Promise.all(
      Array.from(
        { length: 20 },
        async (_, round) => (await read(world.tasks, 'getRecord', taskId, round)).round,
      ),
    );
    // Round 17 left the record of round 1 where its own would be; round 18 took the place of round 2.
    expect(rounds.map(Number)).toEqual([0, 1, 0, ...Array.from({ length: 14 }, (_, i) => i + 3), 0, 18, 0]);
  });
});
